#pragma once
// Edits of a copied small benchmark: clips cut, repeated, resized, cut off; published masks added.

#include <cstdint>
#include <string>
#include <vector>

#include "eval_physics_iq/minibench.h"

namespace physprobe::testing {

/// Writes frames `indices` of `source` (shrunk or stretched to another size if one is given).
void rewrite(const std::string& source,
             const std::string& target,
             double fps,
             const std::vector<int64_t>& indices,
             int64_t width = 0,
             int64_t height = 0);

/// 0, 1, … count - 1.
std::vector<int64_t> first(int64_t count);

/// The first `count` frames of a clip of 150, the last one repeated where it has no more.
std::vector<int64_t> first_of_150(int64_t count);

/// The published masks of the real takes, which a copy is made without.
void add_masks(const MiniBenchmarkCopy& copy);

/// Cuts a file off in its middle.
void halve(const std::string& path);

}  // namespace physprobe::testing

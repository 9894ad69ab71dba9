#pragma once
// Strict loading: every tensor a model needs must be in the checkpoint with its shape, and nothing
// else may be; all disagreements are reported at once, because one at a time would cost one run
// each. Internal.

#include "physprobe/encoders/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace physprobe {

/// A tensor the model needs, and where the checkpoint keeps it.
struct WantedTensor {
  std::string name;            ///< The model's own name.
  std::vector<int64_t> shape;  ///< The model's own shape.
  /// Names in the checkpoint; several are concatenated along the first dimension in this order (the
  /// query, key and value of files that keep them apart), each having an equal share of `shape[0]`.
  /// "" stands for zeros.
  std::vector<std::string> sources;
  bool is_transposed = false;  ///< The checkpoint keeps the matrix as (in, out).
};

/// What is wrong with a checkpoint's names and shapes, by name in the checkpoint.
struct Misfit {
  std::vector<std::string> missing;     ///< "blocks.1.norm1.bias [384]"
  std::vector<std::string> unexpected;  ///< Neither wanted nor ignored.
  std::vector<std::string> misshaped;   ///< "norm.bias is [383], expected [384]"

  bool is_empty() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
};

/// Compares names and shapes, without reading a tensor.
Misfit find_misfit(const Checkpoint& checkpoint,
                   const std::vector<WantedTensor>& wanted,
                   const std::set<std::string>& ignored);

/// Reads `wanted` as float32 by model name. Dimensions of 1 do not count when shapes are
/// compared: code bases differ in them. `ignored`: names of the checkpoint that are there but
/// have no use. `model` is how messages call what is being built. Throws Error(kIncompatible)
/// listing every missing, unexpected and mis-shaped tensor, and, when all shapes agree,
/// Error(kInput) listing every tensor with a NaN or infinite value.
std::map<std::string, at::Tensor> load_strictly(const Checkpoint& checkpoint,
                                                const std::vector<WantedTensor>& wanted,
                                                const std::set<std::string>& ignored,
                                                const std::string& model);

}  // namespace physprobe

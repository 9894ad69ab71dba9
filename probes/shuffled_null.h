#pragma once
// The null of straightening: the same frames in random order. Only pairwise distances are needed,
// so that thousands of orders cost nothing beside the one pass over the embeddings.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

/// Mean curvature (degrees) of the trajectory visited in `permutations` random orders, averaged
/// over them; NaN for T < 3. `distances` is (T, T) float64 from pairwise_distances. Orders are
/// Fisher-Yates permutations drawn in sequence from Rng(seed); the identity may be among them.
/// Throws Error(kUsage) unless `permutations` >= 1, Error(kInput) for another shape or type.
double shuffled_null(const at::Tensor& distances, int64_t permutations, uint64_t seed);

}  // namespace physprobe

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

#pragma once
// Arrays made elsewhere, in any framework, as one stream of named trajectories: .safetensors, .npy,
// .npz, .h5, a directory of these, or an embedding store. One array is held at a time, so any
// number of videos needs constant memory.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

enum class TokenPooling {
  kRefuse,   ///< A (T, N, D) array is an error that names the option.
  kMean,     ///< Mean over the N tokens.
  kFirst,    ///< Token 0 (cls).
  kFlatten,  ///< (T, N * D).
};

struct ArrayStreamOptions {
  TokenPooling pooling = TokenPooling::kRefuse;
  /// How three-dimensional arrays are read: "auto" = (N, T, D) when an ids array of length N stands
  /// beside it ("ids" or
  /// "<name>.ids"), else (T, N, D) tokens; "batch" = (N, T, D), ids default to "<name>[i]";
  /// "tokens" = (T, N, D).
  std::string three_dimensional = "auto";
  std::vector<std::string> only;  ///< Names to read; empty = all.
};

/// Names: the array's own; in a directory the stem of a .npy file, else "<stem>/<name>"; in a store
/// "<item>/<field>". Arrays named "ids", "<group>/ids" or "<name>.ids" are ids (integers, or text
/// where the format has it; beside "x.npy" also the lines of "x.ids.txt"), never trajectories.
/// Other files of a directory are left alone. Calls `body(name, trajectory (T, D) float32 or
/// float64)` for every array in order of file, then name. float16 and bfloat16 are widened. Arrays
/// of other ranks or integer type: Error(kInput) listing all of them at once.
void for_each_trajectory(
    const std::string& path,
    const ArrayStreamOptions& options,
    const std::function<void(const std::string& name, const at::Tensor& trajectory)>& body);

}  // namespace physprobe

#pragma once
// Arrays made elsewhere, in any framework, as one stream of named trajectories: .safetensors, .npy,
// .npz, .h5, a directory of these, or an embedding store. One block of rows is held at a time, so
// any number of videos needs constant memory (names and shapes apart).

#include "physprobe/core/error.h"

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
  /// beside it ("ids" or "<name>.ids"), else (T, N, D) tokens; "batch" = (N, T, D), ids default to
  /// "<name>[i]"; "tokens" = (T, N, D).
  std::string three_dimensional = "auto";
  std::vector<std::string> only;  ///< Names to read; empty = all.
  /// Called with each array that is damaged, and why; the stream goes on with the next one. Empty:
  /// the first damage ends the stream with its Error.
  std::function<void(const std::string& name, const Error& error)> on_damaged;
};

/// One array of a file, whatever its kind.
struct ArrayDescription {
  std::string name;
  std::string type;  ///< As the format calls it; for a damaged one, what is wrong.
  std::vector<int64_t> shape;
};

/// What lies in a path that `for_each_trajectory` accepts, without the values. Throws
/// Error(kInput).
std::vector<ArrayDescription> list_arrays(const std::string& path);

/// Calls `body(name, trajectory (T, D) float32 or float64)` for every trajectory in order of file,
/// then name; float16 and bfloat16 are widened. Names: the array's own; in a directory the stem of
/// a .npy file, else "<stem>/<name>"; in a store "<item>/<field>". Arrays named "ids",
/// "<group>/ids" or "<name>.ids" are ids (integers or text; beside "x.npy" also "x.ids.npy" or the
/// lines of "x.ids.txt"), never trajectories. Files of other kinds in a directory are left alone.
///
/// Returns the arrays left out because they are no trajectories (of another type or rank), each as
/// "<name>: <type> of shape <shape>". Throws Error(kInput), all defects listed at once, for a
/// three-dimensional array whose meaning is not said, ids that do not fit, two trajectories of one
/// name, a name in `only` that is absent or no trajectory, and when nothing is left to read.
std::vector<std::string> for_each_trajectory(
    const std::string& path,
    const ArrayStreamOptions& options,
    const std::function<void(const std::string& name, const at::Tensor& trajectory)>& body);

}  // namespace physprobe

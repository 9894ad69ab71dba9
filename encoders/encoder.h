#pragma once
// The contract of every image and video encoder: preprocessed frames in, tokens per tap out.

#include "physprobe/core/preprocess_spec.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// One place in the network whose activations can be read.
struct TapInfo {
  std::string name;         ///< "pixel", "retina", "v1", "block0", …, "block11", "norm".
  int64_t width = 0;        ///< D, numbers per token; 0 when it depends on the frames' size.
  std::string description;  ///< One sentence: raw or normed, what the tokens are.
};

struct EncoderInfo {
  std::string
      id;  ///< Unique within a run: family, size and options ("v1-S256-N6-K8-energy-retina").
  std::string family;          ///< "pixels", "v1", "dinov2", …
  std::string description;     ///< One line for people.
  std::string detection;       ///< What was read off the weights' names and shapes, one line; "".
  std::string weights_path;    ///< "" if there are none.
  std::string weights_digest;  ///< SHA-256 of the weights, "none" for weight-free, "random-<seed>"
                               ///< for untrained.
  std::string canonical;  ///< Every option that changes a value except weights and preprocessing;
                          ///< for cache keys.
  std::vector<TapInfo> taps;  ///< In order from input to output; the first is always "pixel": the
                              ///< preprocessed input.
  std::vector<std::string> default_taps;  ///< Used when a suite names none.
  std::string retrieval_tap;  ///< Tap whose pooled vector, averaged over frames, represents a clip
                              ///< in the memory.
  PreprocessSpec preprocess;
  int64_t frames_per_step = 1;  ///< T / T' (1 for image encoders).
  bool has_weights = false;     ///< False: "untrained" is not a meaningful null.
  bool is_verified = false;     ///< A golden of the reference exists.
  /// True for a model on a device or in another process: give `encode` several samples at once.
  /// Other encoders spread samples over threads, and several threads may as well bring one each.
  bool gains_from_batches = false;
};

struct EncodeOptions {
  std::vector<std::string> taps;  ///< Which taps; empty = default_taps.
  bool keep_tokens = true;        ///< False: only `pooled` is returned (memory).
  int threads = 0;  ///< 0 = default_thread_count(); never changes a bit of the result.
};

/// Activations at one tap.
struct TapOutput {
  std::string name;
  at::Tensor tokens;  ///< (B, T', N, D) float32, or undefined when keep_tokens is false.
  at::Tensor
      pooled;  ///< (B, T', P) float32: the tap's retrieval/trajectory pooling (docs/encoders.md).
  at::Tensor patch_mean;  ///< (B, T', D') float32: mean over patch tokens; GeoPhys' default
                          ///< pooling. Taps with one token per frame (pixel, retina, v1): `pooled`.
  int64_t prefix_tokens = 0;  ///< Tokens before the grid (cls, registers).
  int64_t grid_height = 0;    ///< N = prefix_tokens + grid_height * grid_width.
  int64_t grid_width = 0;
};

/// Stateless once built; const methods may be called from several threads.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual const EncoderInfo& info() const = 0;

  /// `input` (B, T, C, H, W) float32 as `info().preprocess` yields. One TapOutput per requested
  /// tap, in the order requested. The result of a sample has the same bits in any batch, slot and
  /// thread count. Throws Error(kUsage) for an unknown tap (nearest named) or a size the model
  /// cannot take, Error(kInput) for non-finite input.
  virtual std::vector<TapOutput> encode(const at::Tensor& input,
                                        const EncodeOptions& options) const = 0;

  /// The same architecture with freshly drawn weights (initialisation of the family, seeded);
  /// nullptr when has_weights is false.
  virtual std::unique_ptr<Encoder> untrained(uint64_t seed) const = 0;
};

}  // namespace physprobe

#pragma once
// A whole vision transformer on one image: patch embedding, position, blocks, final norm. One image
// on one thread is the unit of work, which makes its bits independent of the batch. Internal.

#include "physprobe/encoders/vit_block.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_linear.h"
#include "physprobe/encoders/vit_parameters.h"
#include "physprobe/encoders/vit_readout.h"
#include "physprobe/encoders/vit_rotary.h"
#include "physprobe/encoders/vit_workspace.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace physprobe {

/// What tells the tokens of one image size their places.
struct VitPlaces {
  at::Tensor table;  ///< (class rows + patches, D), added to the tokens; undefined: nothing is.
  VitRotation rotation;
};

class VitModel {
 public:
  /// `parameters` as vit_parameters(config) lists them; those of the blocks may be absent together,
  /// and then run() must not be called. They are taken over one by one: a caller
  /// that moves them in needs the memory of one layer more than the weights.
  VitModel(const VitConfig& config, VitParameters parameters);

  const VitConfig& config() const { return config_; }

  /// The places for an image size; remembers those of the last size.
  VitPlaces places(int64_t grid_height, int64_t grid_width) const;

  /// Called with the tokens (prefix + patches, D) after block `index`; index -1: entering block 0.
  using OnBlock = std::function<void(int64_t index, const float* tokens)>;

  /// Runs blocks 0 to `last_block` on `image` (channels, height, width), sides multiples of the
  /// patch. `places` must be those of its grid. Tokens are ordered class token, registers,
  /// patches row by row.
  void run(const float* image,
           int64_t height,
           int64_t width,
           const VitPlaces& places,
           int64_t last_block,
           const OnBlock& on_block) const;

  /// The final layer norm; `out` may be `tokens`.
  void final_norm(const float* tokens, int64_t rows, float* out) const;

  /// The image's published vector (config().pooled_width()) from the last block's tokens, raw and
  /// normed, each (prefix + patches, D).
  void pool(const float* tokens, const float* normed, int64_t patches, float* out) const;

 private:
  void embed(const float* image,
             int64_t height,
             int64_t width,
             const at::Tensor& table,
             VitWorkspace& workspace) const;

  VitConfig config_;
  at::Tensor prefix_;  // (prefix tokens, D): class token (without position), then registers
  at::Tensor table_;   // (table rows, D), or the periods of a rotary code
  VitLinear patch_embedding_;
  std::vector<VitBlock> blocks_;
  VitNorm entry_norm_;
  VitNorm norm_;
  VitReadout readout_;
  mutable VitWorkspacePool workspaces_;
  mutable std::mutex places_mutex_;
  mutable int64_t places_height_ = 0;
  mutable int64_t places_width_ = 0;
  mutable VitPlaces places_;
};

}  // namespace physprobe

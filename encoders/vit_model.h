#pragma once
// A whole vision transformer on one image or clip: patch embedding, position, blocks, final norm.
// One sample on one thread is the unit of work, which makes its bits independent of the batch.
// Internal.

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

/// What tells the tokens of one image or clip size their places.
struct VitPlaces {
  at::Tensor table;  ///< (class rows + patches, D), added to the tokens; undefined: nothing is.
  VitRotation rotation;
};

/// The places of tokens `ids` (n) int64 alone, in that order. For models without prefix tokens.
VitPlaces selected_places(const VitPlaces& places, const at::Tensor& ids);

/// The places of a grid by the configuration's rule, from its table (kTable) or periods (kRotary).
VitPlaces make_places(const VitConfig& config,
                      const at::Tensor& table,
                      int64_t grid_height,
                      int64_t grid_width,
                      int64_t steps);

/// What a model sees of one sample.
struct VitSample {
  const float* frames = nullptr;  ///< (steps * tubelet, channels, height, width)
  int64_t height = 0;             ///< A multiple of the patch, as is width.
  int64_t width = 0;
  int64_t steps = 1;
  /// The tokens that enter, by number (step, row, column); undefined: all. Others do not exist for
  /// the model.
  at::Tensor kept;
};

class VitModel {
 public:
  /// `parameters` as vit_parameters(config) lists them. They are taken over one by one: a caller
  /// that moves them in needs the memory of one layer more than the weights.
  VitModel(const VitConfig& config, VitParameters parameters);

  const VitConfig& config() const { return config_; }

  /// The places for the grid of an image or clip; remembers those of the last one.
  VitPlaces places(int64_t grid_height, int64_t grid_width, int64_t steps = 1) const;

  /// Called with the tokens (prefix + patches, D) after block `index`; index -1: entering block 0.
  using OnBlock = std::function<void(int64_t index, const float* tokens)>;

  /// Runs blocks 0 to `last_block`. `places` must be those of the tokens that enter. Tokens are
  /// ordered class token, registers, patches step by step, row by row, or as `kept` lists them.
  void run(const VitSample& sample,
           const VitPlaces& places,
           int64_t last_block,
           const OnBlock& on_block) const;

  /// The final layer norm; `out` may be `tokens`.
  void final_norm(const float* tokens, int64_t rows, float* out) const;
  /// The norm of level `level`, of config().level_norms; the last one is the final norm.
  void level_norm(int64_t level, const float* tokens, int64_t rows, float* out) const;

  /// The image's published vector (config().pooled_width()) from the last block's tokens, raw and
  /// normed, each (prefix + patches, D).
  void pool(const float* tokens, const float* normed, int64_t patches, float* out) const;

 private:
  void embed(const VitSample& sample,
             int64_t patches,
             const at::Tensor& table,
             VitWorkspace& workspace) const;

  VitConfig config_;
  at::Tensor prefix_;  // (prefix tokens, D): class token (without position), then registers
  at::Tensor table_;   // (table rows, D), or the periods of a rotary code
  VitLinear patch_embedding_;
  std::vector<VitBlock> blocks_;
  VitNorm entry_norm_;
  std::vector<VitNorm> level_norms_;  // all but the last
  VitNorm norm_;
  VitReadout readout_;
  mutable VitWorkspacePool workspaces_;
  mutable std::mutex places_mutex_;
  mutable int64_t places_height_ = 0;
  mutable int64_t places_width_ = 0;
  mutable int64_t places_steps_ = 0;
  mutable VitPlaces places_;
};

}  // namespace physprobe

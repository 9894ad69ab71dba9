#pragma once
// The blocks of vit_block.h by LibTorch's own operations, on any of its devices: what the encoders
// and decoders that compute there are made of. The same weights and formulas, other bits. Internal.

#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace physprobe {

class VitAtenBlocks {
 public:
  /// Copies `parameters` to the device, the blocks' linear weights in config.precision.
  VitAtenBlocks(const VitConfig& config, const VitParameters& parameters, const at::Device& device);

  const VitConfig& config() const { return config_; }
  const at::Device& device() const { return device_; }
  bool has(const std::string& name) const { return parameters_.count(name) != 0; }
  at::Tensor parameter(const std::string& name) const;

  /// `places` there, as apply() takes them.
  VitPlaces placed(const VitPlaces& places) const;

  /// Layer norm with the weights of that name, over the last dimension.
  at::Tensor norm(const at::Tensor& x, const std::string& name) const;
  /// Linear layer of that name; float32 in and out, whatever its weights are in.
  at::Tensor linear(const at::Tensor& x, const std::string& name) const;
  /// Block `index` on tokens (B, tokens, D); `rotation` of placed().
  at::Tensor apply(const at::Tensor& x, int64_t index, const VitRotation& rotation) const;

 private:
  at::Tensor rotated(const at::Tensor& x, const VitRotation& rotation) const;
  at::Tensor attend(const at::Tensor& x,
                    const std::string& name,
                    const VitRotation& rotation) const;
  at::Tensor feed_forward(const at::Tensor& x, const std::string& name) const;

  VitConfig config_;
  at::Device device_;
  VitParameters parameters_;
  at::Tensor partners_;  // (head width): the channel that each one is rotated with, or itself
};

/// Takes out of `parameters` what only the blocks use.
void erase_blocks(VitParameters& parameters);

/// What linear layers with a GELU, or its like, apply between them.
at::Tensor aten_activation(VitFeedForward kind, const at::Tensor& v);

}  // namespace physprobe

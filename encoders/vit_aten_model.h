#pragma once
// The encoder of vit_model.h by LibTorch's own operations, on any of its devices: how a GPU
// computes images and clips. Internal.

#include "physprobe/encoders/vit_aten_blocks.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>

namespace physprobe {

class VitAtenModel {
 public:
  VitAtenModel(const VitConfig& config, const VitParameters& parameters, const at::Device& device)
      : blocks_(config, parameters, device) {}

  /// Called with the tokens (count, prefix + patches, D), float32 in the CPU's memory, of samples
  /// `first` to `first` + count after block `index`; -1: entering block 0.
  using OnBlock = std::function<void(int64_t index, int64_t first, const at::Tensor& tokens)>;

  /// Runs blocks 0 to `last_block` on `samples` (B, T, C, H, W) in the CPU's memory, T the frames
  /// that a sample spans (1 for images), and reports those `wanted`. `places` must be those of the
  /// tokens that enter; `kept` as of VitSample. Samples go through in batches of one size, the last
  /// one filled up: the libraries of a device choose their kernels by the shape, and a sample's
  /// bits shall not depend on how many stand beside it. A batch is of eight images, or one clip.
  void run(const at::Tensor& samples,
           const at::Tensor& kept,
           const VitPlaces& places,
           int64_t last_block,
           const std::set<int64_t>& wanted,
           const OnBlock& on_block) const;

 private:
  at::Tensor embed(const at::Tensor& samples,
                   const at::Tensor& kept,
                   const at::Tensor& table) const;

  VitAtenBlocks blocks_;
};

/// nullptr without a device: our own kernels compute the model. Else the model there, and the
/// blocks' tensors are taken out of `parameters`.
std::unique_ptr<VitAtenModel> model_on_device(const VitConfig& config,
                                              VitParameters& parameters,
                                              const std::optional<at::Device>& device);

}  // namespace physprobe

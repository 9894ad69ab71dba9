#pragma once
// The transformer of vit_model.h by LibTorch's own operations, on any of its devices: how a GPU
// computes it. The same weights and formulas, other bits. Internal.

#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace physprobe {

/// The device that an option names: "cpu", "cuda", "cuda:1". Throws Error(kUsage) with `subject`
/// for another name, or one that this LibTorch or this machine lacks.
at::Device compute_device(const std::string& name, const std::string& subject);

class VitAtenModel;

/// nullptr for the CPU; else the model on `device`, and the blocks' tensors are taken out of
/// `parameters`.
std::unique_ptr<VitAtenModel> model_on_device(const VitConfig& config,
                                              VitParameters& parameters,
                                              const at::Device& device);

class VitAtenModel {
 public:
  /// Copies `parameters` to the device, the blocks' linear weights in config.precision. Throws
  /// Error(kUsage) for positions that it does not know.
  VitAtenModel(const VitConfig& config, const VitParameters& parameters, const at::Device& device);

  /// Called with the tokens (count, prefix + patches, D), float32 in the CPU's memory, of images
  /// `first` to `first` + count after block `index`; -1: entering block 0.
  using OnBlock = std::function<void(int64_t index, int64_t first, const at::Tensor& tokens)>;

  /// Runs blocks 0 to `last_block` on `images` (B, C, H, W) in the CPU's memory, and reports those
  /// `wanted`. Images go through in batches of one size, the last one filled up: the libraries of a
  /// device choose their kernels by the shape, and an image's bits shall not depend on how many
  /// stand beside it.
  void run(const at::Tensor& images,
           const VitPlaces& places,
           int64_t last_block,
           const std::set<int64_t>& wanted,
           const OnBlock& on_block) const;

 private:
  at::Tensor parameter(const std::string& name) const;
  bool has(const std::string& name) const { return parameters_.count(name) != 0; }
  at::Tensor norm(const at::Tensor& x, const std::string& name) const;
  at::Tensor linear(const at::Tensor& x, const std::string& name) const;
  at::Tensor embed(const at::Tensor& images, const at::Tensor& table) const;
  at::Tensor block(const at::Tensor& x, int64_t index, const VitRotation& rotation) const;
  at::Tensor attend(const at::Tensor& x,
                    const std::string& name,
                    const VitRotation& rotation) const;
  at::Tensor feed_forward(const at::Tensor& x, const std::string& name) const;

  VitConfig config_;
  at::Device device_;
  VitParameters parameters_;
};

}  // namespace physprobe

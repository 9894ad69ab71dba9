#pragma once
// The predictor of vit_decoder.h by LibTorch's own operations, on any of its devices: how a GPU
// predicts. Internal.

#include "physprobe/encoders/vit_aten_blocks.h"
#include "physprobe/encoders/vit_decoder.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_parameters.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace physprobe {

class VitAtenDecoder {
 public:
  VitAtenDecoder(const VitDecoderConfig& config,
                 const VitParameters& parameters,
                 const at::Device& device)
      : config_(config), blocks_(config.blocks, parameters, device) {}

  /// What VitDecoder::run answers: (asked, outputs) from `encoded` (given, inputs), both float32 in
  /// the CPU's memory.
  at::Tensor run(const at::Tensor& encoded,
                 int64_t asked,
                 const VitPlaces& places,
                 int64_t mask_token) const;

 private:
  at::Tensor enter(const at::Tensor& encoded, int64_t asked, int64_t mask_token) const;

  VitDecoderConfig config_;
  VitAtenBlocks blocks_;
};

/// As model_on_device.
std::unique_ptr<VitAtenDecoder> decoder_on_device(const VitDecoderConfig& config,
                                                  VitParameters& parameters,
                                                  const std::optional<at::Device>& device);

}  // namespace physprobe

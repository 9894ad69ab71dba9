#include "physprobe/encoders/vit_aten_decoder.h"

#include <ATen/ATen.h>

namespace physprobe {

std::unique_ptr<VitAtenDecoder> decoder_on_device(const VitDecoderConfig& config,
                                                  VitParameters& parameters,
                                                  const std::optional<at::Device>& device) {
  if (!device) return nullptr;
  auto decoder = std::make_unique<VitAtenDecoder>(config, parameters, *device);
  erase_blocks(parameters);
  return decoder;
}

at::Tensor VitAtenDecoder::run(const at::Tensor& encoded,
                               int64_t asked,
                               const VitPlaces& places,
                               int64_t mask_token) const {
  const VitPlaces there = blocks_.placed(places);
  at::Tensor tokens = enter(encoded.to(blocks_.device()), asked, mask_token);
  if (there.table.defined()) tokens = tokens + there.table;
  if (config_.blocks.has_modality_embedding) {
    tokens = tokens + blocks_.parameter("video_mod_embed");
  }
  for (int64_t i = 0; i < config_.blocks.depth; ++i) {
    tokens = blocks_.apply(tokens, i, there.rotation);
  }
  const at::Tensor answers = blocks_.norm(tokens.slice(1, encoded.size(0)), "norm");
  return blocks_.linear(answers, "proj").squeeze(0).to(at::kCPU).contiguous();
}

/// (1, given + asked, width): encoded tokens led in, and a mask token at every place asked for.
at::Tensor VitAtenDecoder::enter(const at::Tensor& encoded,
                                 int64_t asked,
                                 int64_t mask_token) const {
  const bool has_two = config_.input_hidden > 0;
  const at::Tensor led_in =
      has_two ? blocks_.linear(
                    aten_activation(VitFeedForward::kGelu, blocks_.linear(encoded, "embed.0")),
                    "embed.2")
              : blocks_.linear(encoded, "embed");
  const at::Tensor masks = blocks_.parameter("mask_tokens")
                               .reshape({config_.mask_tokens, -1})
                               .narrow(0, mask_token, 1)
                               .expand({asked, -1});
  return at::cat({led_in, masks}, 0).unsqueeze(0);
}

}  // namespace physprobe

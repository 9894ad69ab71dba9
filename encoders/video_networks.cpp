#include "physprobe/encoders/video_networks.h"

#include "physprobe/core/rng.h"
#include "physprobe/encoders/vit_decoder_checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace physprobe {
namespace {

struct LoadedEncoders {
  PlacedEncoder context;
  PlacedEncoder target;
  VitFacts facts;
  std::string note;
  std::vector<std::string> unused;
};

LoadedEncoders load_encoders(const Checkpoint& checkpoint,
                             const VitFamily& family,
                             const VitOptions& options) {
  LoadedEncoders loaded;
  const auto load = [&](const std::string& key) {
    VitRequest request = options.request;
    request.checkpoint_key = key;
    VitWeights weights = load_vit(checkpoint, request);
    apply_vit_options(family, options, checkpoint.path(), weights.facts.config);
    loaded.facts = weights.facts;
    loaded.unused.insert(loaded.unused.end(), weights.unused.begin(), weights.unused.end());
    return PlacedEncoder(weights.facts.config, std::move(weights.parameters), options.aten_device);
  };
  if (family.predicts_pixels) {
    loaded.context = load(options.request.checkpoint_key);
    return loaded;
  }
  const auto holds = [&](const std::string& key) {
    return std::any_of(
        checkpoint.names().begin(), checkpoint.names().end(),
        [&](const std::string& name) { return name.compare(0, key.size(), key) == 0; });
  };
  const bool has_both = holds("encoder.") && holds("target_encoder.");
  if (has_both && options.request.checkpoint_key.empty()) {
    loaded.context = load("encoder");
    loaded.target = load("target_encoder");
    return loaded;
  }
  loaded.context = load(options.request.checkpoint_key);
  loaded.target = loaded.context;
  loaded.note = "; one encoder for context and targets";
  return loaded;
}

}  // namespace

PlacedEncoder::PlacedEncoder(const VitConfig& config,
                             VitParameters parameters,
                             const std::optional<at::Device>& device)
    : elsewhere(model_on_device(config, parameters, device)) {
  model = std::make_shared<VitModel>(config, std::move(parameters));
}

void PlacedEncoder::run(const VitSample& sample,
                        const VitPlaces& places,
                        const std::set<int64_t>& wanted,
                        const VitModel::OnBlock& on_block) const {
  const int64_t last = wanted.empty() ? -1 : *wanted.rbegin();
  if (elsewhere == nullptr) {
    model->run(sample, places, last, [&](int64_t block, const float* tokens) {
      if (wanted.count(block) != 0) on_block(block, tokens);
    });
    return;
  }
  const VitConfig& config = model->config();
  // LibTorch has no tensor of what may not be written; nothing writes to it.
  const at::Tensor frames = at::from_blob(
      const_cast<float*>(sample.frames),
      {1, sample.steps * config.tubelet, config.channels, sample.height, sample.width}, at::kFloat);
  elsewhere->run(frames, sample.kept, places, last, wanted,
                 [&](int64_t block, int64_t /*first*/, const at::Tensor& tokens) {
                   on_block(block, tokens.data_ptr<float>());
                 });
}

PlacedDecoder::PlacedDecoder(const VitDecoderConfig& config,
                             VitParameters parameters,
                             const std::optional<at::Device>& device)
    : elsewhere(decoder_on_device(config, parameters, device)) {
  decoder = std::make_shared<VitDecoder>(config, std::move(parameters));
}

void PlacedDecoder::run(const float* encoded,
                        int64_t given,
                        int64_t asked,
                        const VitPlaces& places,
                        int64_t mask_token,
                        float* out) const {
  if (elsewhere == nullptr) {
    decoder->run(encoded, given, asked, places, mask_token, out);
    return;
  }
  const at::Tensor tokens =
      at::from_blob(const_cast<float*>(encoded), {given, decoder->config().inputs}, at::kFloat);
  const at::Tensor answer = elsewhere->run(tokens, asked, places, mask_token);
  std::copy_n(answer.data_ptr<float>(), answer.numel(), out);
}

VideoPredictorParts draw_video_networks(const VitFamily& family,
                                        const VitConfig& encoder,
                                        const VitDecoderConfig& decoder,
                                        uint64_t seed,
                                        bool shares_encoder,
                                        const std::optional<at::Device>& device) {
  const auto draw_encoder = [&] {
    return PlacedEncoder(encoder, random_vit_parameters(encoder, seed, family.initialisation),
                         device);
  };
  VideoPredictorParts parts;
  parts.device = device;
  parts.context_encoder = draw_encoder();
  if (!family.predicts_pixels) {
    parts.target_encoder = shares_encoder ? parts.context_encoder : draw_encoder();
  }
  parts.decoder =
      PlacedDecoder(decoder,
                    draw_parameters(decoder.blocks, vit_decoder_parameters(decoder),
                                    derive_seed(seed, "predictor"), family.initialisation),
                    device);
  return parts;
}

LoadedVideoNetworks load_video_networks(const Checkpoint& checkpoint,
                                        const VitFamily& family,
                                        const VitOptions& options) {
  LoadedEncoders encoders = load_encoders(checkpoint, family, options);
  VitDecoderWeights decoder =
      load_vit_decoder(checkpoint, family, encoders.facts.config, options.predictor_heads);
  decoder.facts.config.blocks.precision = options.precision;
  LoadedVideoNetworks loaded;
  loaded.unused = std::move(encoders.unused);
  loaded.unused.insert(loaded.unused.end(), decoder.unused.begin(), decoder.unused.end());
  loaded.line = encoders.facts.line + "; " + decoder.facts.line + encoders.note;
  loaded.facts = std::move(encoders.facts);
  loaded.parts.context_encoder = std::move(encoders.context);
  loaded.parts.target_encoder = std::move(encoders.target);
  loaded.parts.device = options.aten_device;
  loaded.parts.decoder =
      PlacedDecoder(decoder.facts.config, std::move(decoder.parameters), options.aten_device);
  return loaded;
}

}  // namespace physprobe

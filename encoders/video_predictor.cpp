#include "physprobe/encoders/video_predictor.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/pixel_targets.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_info.h"
#include "physprobe/encoders/vit_kernels.h"
#include "physprobe/encoders/vit_options.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace physprobe {
namespace {

/// Options of a prediction, and what is known of the weights.
struct Prediction {
  int64_t mask_token = 0;
  bool is_zero = false;
  std::vector<std::string> unused_tensors;
};

int64_t count_numbers(const std::vector<VitParameter>& parameters) {
  int64_t count = 0;
  for (const VitParameter& parameter : parameters) {
    int64_t numbers = 1;
    for (const int64_t size : parameter.shape) numbers *= size;
    count += numbers;
  }
  return count;
}

std::unique_ptr<Predictor> drawn_predictor(const VitFamily& family,
                                           const VitConfig& encoder,
                                           const VitDecoderConfig& decoder,
                                           const PreprocessSpec& preprocess,
                                           const Prediction& prediction,
                                           uint64_t seed,
                                           bool shares_encoder,
                                           const std::optional<at::Device>& device);

class VideoPredictor final : public Predictor {
 public:
  VideoPredictor(const VitFamily& family,
                 VideoPredictorParts parts,
                 const PreprocessSpec& preprocess,
                 const VitOrigin& origin,
                 Prediction prediction)
      : family_(family),
        parts_(std::move(parts)),
        prediction_(std::move(prediction)),
        info_(describe_vit(family, encoder(), preprocess, origin)) {
    const VitDecoderConfig& decoder = parts_.decoder->config();
    levels_ = decoder.inputs == encoder().width ? 1 : encoder().level_norms;
    require_fit();
    predictor_info_.normalises_targets = !family.predicts_pixels && levels_ == 1;
    predictor_info_.mask_token_norms = parts_.decoder->mask_token_norms();
    predictor_info_.mask_token = prediction_.mask_token;
    predictor_info_.shares_encoder =
        parts_.target_encoder && parts_.target_encoder.model == parts_.context_encoder.model;
    predictor_info_.unused_tensors = prediction_.unused_tensors;
    const bool has_two = parts_.target_encoder && !predictor_info_.shares_encoder;
    predictor_info_.parameters = (has_two ? 2 : 1) * count_numbers(vit_parameters(encoder())) +
                                 count_numbers(vit_decoder_parameters(decoder));
    info_.id += prediction_.mask_token > 0 ? fmt::format("-mask{}", prediction_.mask_token) : "";
    info_.id += prediction_.is_zero ? "-zeros" : "";
    info_.canonical += fmt::format(" predictor {} mask-token{}{}{}", decoder.canonical(),
                                   prediction_.mask_token, prediction_.is_zero ? " zeros" : "",
                                   predictor_info_.shares_encoder ? " shared" : "");
  }

  const EncoderInfo& info() const override { return info_; }
  const PredictorInfo& predictor_info() const override { return predictor_info_; }
  const VideoPredictorParts& parts() const { return parts_; }

  TokenGrid grid(int64_t frames, int64_t height, int64_t width) const override {
    const int64_t tubelet = encoder().tubelet;
    const int64_t patch = encoder().patch;
    if (frames < 1 || frames % tubelet != 0) {
      throw Error(
          ErrorKind::kUsage, info_.id,
          fmt::format("sees {} frames at a time, so a window cannot have {}", tubelet, frames));
    }
    if (height < patch || width < patch || height % patch != 0 || width % patch != 0) {
      throw Error(ErrorKind::kUsage, info_.id,
                  fmt::format("takes frames whose sides are multiples of {}, got {}x{}; change the "
                              "preprocessing's size or crop",
                              patch, height, width));
    }
    return {frames / tubelet, height / patch, width / patch};
  }

  at::Tensor targets(const at::Tensor& window) const override {
    const at::Tensor frames = checked(window);
    const TokenGrid places = grid(frames.size(1), frames.size(3), frames.size(4));
    const int64_t tokens = places.time_steps * places.tokens_per_step();
    at::Tensor out =
        at::empty({frames.size(0), tokens, parts_.decoder->config().outputs}, at::kFloat);
    const int64_t values = frames[0].numel();
    parallel_for(frames.size(0), threads(), [&](int64_t sample) {
      const float* from = frames.data_ptr<float>() + sample * values;
      float* to = out.data_ptr<float>() + sample * tokens * out.size(2);
      if (family_.predicts_pixels) {
        pixel_targets(encoder(), info_.preprocess, from, places.time_steps, frames.size(3),
                      frames.size(4), to);
      } else {
        encode(parts_.target_encoder, {from, frames.size(3), frames.size(4), places.time_steps, {}},
               parts_.target_encoder->places(places.height, places.width, places.time_steps),
               tokens, to);
        if (levels_ > 1) normalise_levels(tokens, to);
      }
    });
    return out;
  }

  at::Tensor predict(const at::Tensor& context,
                     const at::Tensor& context_ids,
                     const at::Tensor& target_ids,
                     int64_t window_frames) const override {
    const at::Tensor frames = checked(context);
    if (window_frames < frames.size(1)) {
      throw Error(ErrorKind::kUsage, info_.id,
                  fmt::format("a window of {} frames cannot have a context of {}", window_frames,
                              frames.size(1)));
    }
    const TokenGrid seen = grid(frames.size(1), frames.size(3), frames.size(4));
    const TokenGrid window = grid(window_frames, frames.size(3), frames.size(4));
    require_ids("context_ids", context_ids, seen.time_steps * seen.tokens_per_step(),
                "of the context's frames");
    require_ids("target_ids", target_ids, window.time_steps * window.tokens_per_step(),
                "of the window");
    const int64_t given = context_ids.numel();
    const int64_t asked = target_ids.numel();
    const VitDecoderConfig& decoder = parts_.decoder->config();
    at::Tensor out = at::zeros({frames.size(0), asked, decoder.outputs}, at::kFloat);
    if (prediction_.is_zero) return out;

    const at::Tensor kept = context_ids.contiguous();
    const VitPlaces encoder_places = selected_places(
        parts_.context_encoder->places(window.height, window.width, window.time_steps), kept);
    const VitPlaces decoder_places =
        selected_places(parts_.decoder->places(window.height, window.width, window.time_steps),
                        at::cat({kept, target_ids}, 0));
    const int64_t values = frames[0].numel();
    parallel_for(frames.size(0), threads(), [&](int64_t sample) {
      std::vector<float> encoded(static_cast<std::size_t>(given * decoder.inputs));
      encode(parts_.context_encoder,
             {frames.data_ptr<float>() + sample * values, frames.size(3), frames.size(4),
              seen.time_steps, kept},
             encoder_places, given, encoded.data());
      parts_.decoder.run(encoded.data(), given, asked, decoder_places, prediction_.mask_token,
                         out.data_ptr<float>() + sample * asked * decoder.outputs);
    });
    return out;
  }

  std::unique_ptr<Predictor> untrained(uint64_t seed) const override {
    return drawn_predictor(family_, encoder(), parts_.decoder->config(), info_.preprocess,
                           prediction_, seed, true, parts_.device);
  }

 private:
  /// A device takes one sample after the other; our kernels take samples side by side.
  int threads() const { return parts_.device ? 1 : 0; }

  const VitConfig& encoder() const { return parts_.context_encoder->config(); }

  void require_fit() const {
    const VitDecoderConfig& decoder = parts_.decoder->config();
    const int64_t pixels =
        encoder().channels * encoder().tubelet * encoder().patch * encoder().patch;
    const int64_t inputs = levels_ * encoder().width;
    const int64_t outputs = family_.predicts_pixels ? pixels : inputs;
    if (decoder.inputs != inputs || decoder.outputs != outputs) {
      throw Error(ErrorKind::kIncompatible, info_.id,
                  fmt::format("has a predictor from {} to {} numbers a token; its encoder needs {} "
                              "to {}. A distilled model predicts the tokens of a teacher that its "
                              "file does not hold: it serves as an encoder only",
                              decoder.inputs, decoder.outputs, inputs, outputs));
    }
    if (prediction_.mask_token >= decoder.mask_tokens) {
      throw Error(ErrorKind::kUsage, info_.id,
                  fmt::format("has {} mask tokens; the option 'mask_token' asks for number {}",
                              decoder.mask_tokens, prediction_.mask_token));
    }
  }

  at::Tensor checked(const at::Tensor& input) const {
    at::Tensor frames = checked_frames(info_, input, encoder().channels);
    require_preprocessed_size(info_, frames);
    return frames;
  }

  void require_ids(const char* name,
                   const at::Tensor& ids,
                   int64_t tokens,
                   const char* whose) const {
    if (ids.defined() && ids.dim() == 1 && ids.scalar_type() == at::kLong && ids.numel() > 0 &&
        ids.min().item<int64_t>() >= 0 && ids.max().item<int64_t>() < tokens) {
      return;
    }
    throw Error(
        ErrorKind::kUsage, info_.id,
        fmt::format("'{}' must list at least one of the {} tokens {}, numbers from 0, int64", name,
                    tokens, whose));
  }

  /// The tokens of a sample after all blocks and the final norm, or the norms of all levels side by
  /// side (V-JEPA 2.1).
  void encode(const PlacedEncoder& encoder,
              const VitSample& sample,
              const VitPlaces& places,
              int64_t tokens,
              float* out) const {
    const VitModel& model = *encoder;
    const int64_t width = model.config().width;
    std::set<int64_t> wanted = {model.config().depth - 1};
    if (levels_ > 1) {
      for (int64_t level = 0; level < levels_; ++level) wanted.insert(model.level_block(level));
    }
    std::vector<float> normed(static_cast<std::size_t>(levels_ > 1 ? tokens * width : 0));
    encoder.run(sample, places, wanted, [&](int64_t block, const float* values) {
      if (levels_ == 1) return model.final_norm(values, tokens, out);
      for (int64_t level = 0; level < levels_; ++level) {
        if (block != model.level_block(level)) continue;
        model.level_norm(level, values, tokens, normed.data());
        for (int64_t token = 0; token < tokens; ++token) {
          std::copy_n(normed.data() + token * width, width,
                      out + (token * levels_ + level) * width);
        }
      }
    });
  }

  /// V-JEPA 2.1 is trained against levels that are normed one by one, which a norm over all of them
  /// would not be.
  void normalise_levels(int64_t tokens, float* out) const {
    constexpr double kEpsilon = 1e-5;  // as of the protocol's norm
    const std::vector<float> ones(static_cast<std::size_t>(encoder().width), 1.0F);
    const std::vector<float> zeros(static_cast<std::size_t>(encoder().width), 0.0F);
    vit_kernels().layer_norm_rows(out, ones.data(), zeros.data(), kEpsilon, tokens * levels_,
                                  encoder().width, out);
  }

  const VitFamily& family_;
  VideoPredictorParts parts_;
  Prediction prediction_;
  int64_t levels_ = 1;  ///< Norms of the encoder that stand side by side in a token.
  EncoderInfo info_;
  PredictorInfo predictor_info_;
};

std::unique_ptr<Predictor> drawn_predictor(const VitFamily& family,
                                           const VitConfig& encoder,
                                           const VitDecoderConfig& decoder,
                                           const PreprocessSpec& preprocess,
                                           const Prediction& prediction,
                                           uint64_t seed,
                                           bool shares_encoder,
                                           const std::optional<at::Device>& device) {
  VideoPredictorParts parts =
      draw_video_networks(family, encoder, decoder, seed, shares_encoder, device);
  Prediction fresh = prediction;
  fresh.unused_tensors.clear();
  return std::make_unique<VideoPredictor>(family, std::move(parts), preprocess, drawn_origin(seed),
                                          std::move(fresh));
}

VitDecoderConfig published_decoder(const VitFamily& family, const std::string& size) {
  for (const VitSize& entry : family.sizes) {
    if (entry.name == size && entry.decoder) return *entry.decoder;
  }
  throw Error(ErrorKind::kUsage, family.name + ".options",
              "no predictor is published for the size '" + size + "'");
}

}  // namespace

std::unique_ptr<Predictor> make_video_predictor(const VitFamily& family,
                                                const nlohmann::json& config) {
  return make_video_predictor(family, config, read_vit_options(family, config));
}

std::unique_ptr<Predictor> make_video_predictor(const VitFamily& family,
                                                const nlohmann::json& config,
                                                const VitOptions& options) {
  Prediction prediction = {options.mask_token, options.predicts_zeros, {}};
  if (options.is_random) {
    const VitConfig encoder = random_vit_config(family, options);
    VitDecoderConfig decoder = published_decoder(family, options.size);
    if (options.predictor_heads > 0) decoder.blocks.heads = options.predictor_heads;
    decoder.blocks.precision = options.precision;
    decoder.validate(family.name + ".options");
    return drawn_predictor(family, encoder, decoder,
                           vit_preprocess(family, options, config, encoder), prediction,
                           options.seed, true, options.aten_device);
  }
  const Checkpoint checkpoint = Checkpoint::open(options.weights);
  const std::string digest = checkpoint.digest();
  require_digest(options, checkpoint.path(), digest);
  LoadedVideoNetworks loaded = load_video_networks(checkpoint, family, options);
  prediction.unused_tensors = std::move(loaded.unused);
  const VitOrigin origin = {checkpoint.path(), digest, "", loaded.line, ""};
  return std::make_unique<VideoPredictor>(
      family, std::move(loaded.parts), vit_preprocess(family, options, config, loaded.facts.config),
      origin, std::move(prediction));
}

std::unique_ptr<Predictor> make_untrained_video_predictor(const VitFamily& family,
                                                          const std::string& size,
                                                          uint64_t seed,
                                                          bool shares_encoder) {
  const VitConfig encoder = vit_size(family, size);
  return drawn_predictor(family, encoder, published_decoder(family, size),
                         vit_preset(family, "", encoder), {}, seed, shares_encoder, std::nullopt);
}

const VideoPredictorParts& parts_of(const Predictor& predictor) {
  const auto* video = dynamic_cast<const VideoPredictor*>(&predictor);
  if (video == nullptr) {
    throw Error(ErrorKind::kInternal, predictor.info().id, "is no built-in predictor");
  }
  return video->parts();
}

}  // namespace physprobe

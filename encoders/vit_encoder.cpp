#include "physprobe/encoders/vit_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/thumbnail.h"
#include "physprobe/encoders/vit_aten_model.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_info.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_options.h"
#include "physprobe/encoders/vit_taps.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace physprobe {
namespace {

std::unique_ptr<Encoder> drawn_encoder(const VitFamily& family,
                                       const VitConfig& config,
                                       const PreprocessSpec& preprocess,
                                       uint64_t seed,
                                       const std::optional<at::Device>& device);

class VitEncoder final : public Encoder {
 public:
  VitEncoder(const VitFamily& family,
             const VitConfig& config,
             VitParameters parameters,
             const PreprocessSpec& preprocess,
             const VitOrigin& origin,
             const std::optional<at::Device>& device)
      : family_(family),
        info_(describe_vit(family, config, preprocess, origin)),
        device_(device),
        other_(model_on_device(config, parameters, device)),
        model_(config, std::move(parameters)) {
    check_preprocess();
    info_.gains_from_batches = other_ != nullptr;
    info_.default_taps = {"pixel"};
    for (NamedVitTap& tap : vit_taps(config, pixel_values())) {
      const bool is_whole_raw_block = tap.tap.place == VitTap::Place::kTokens &&
                                      tap.tap.block >= 0 && !tap.tap.is_normed &&
                                      tap.tap.part == VitTap::Part::kAll;
      if (is_whole_raw_block) info_.default_taps.push_back(tap.info.name);
      info_.taps.push_back(std::move(tap.info));
      taps_.push_back(tap.tap);
    }
    info_.default_taps.emplace_back("norm");
  }

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input,
                                const EncodeOptions& options) const override {
    const std::vector<std::size_t> wanted = requested_taps(info_, options);
    const at::Tensor frames = checked_frames(info_, input, model_.config().channels);
    require_preprocessed_size(info_, frames);
    require_whole_patches(frames.size(3), frames.size(4));
    require_whole_steps(frames.size(1));
    // An image model sees frame by frame, a video model all steps of a clip at once.
    const int64_t tubelet = model_.config().tubelet;
    const int64_t steps = tubelet > 1 ? frames.size(1) / tubelet : 1;
    const int64_t count = frames.size(0) * frames.size(1) / (steps * tubelet);
    const int64_t sample_size = steps * tubelet * frames.size(2) * frames.size(3) * frames.size(4);
    const int64_t patch = model_.config().patch;

    std::vector<TapOutput> outputs;
    int64_t last_block = -2;
    for (const std::size_t index : wanted) {
      outputs.push_back(empty_output(index, frames, options.keep_tokens));
      last_block = std::max(last_block, taps_[index].last_block(model_.config()));
    }
    const VitPlaces places =
        last_block < -1 ? VitPlaces{}
                        : model_.places(frames.size(3) / patch, frames.size(4) / patch, steps);
    const int64_t patches = (frames.size(3) / patch) * (frames.size(4) / patch);
    const int64_t rows = (model_.config().prefix_tokens() + patches) * model_.config().width;
    const auto take = [&](int64_t index, int64_t block, const float* tokens) {
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        for (int64_t step = 0; step < steps; ++step) {
          write_block(taps_[wanted[k]], block, tokens + step * rows, patches, index * steps + step,
                      outputs[k]);
        }
      }
    };
    parallel_for(count, options.threads, [&](int64_t index) {
      const float* sample = frames.data_ptr<float>() + index * sample_size;
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        if (taps_[wanted[k]].place != VitTap::Place::kPixel) continue;
        for (int64_t step = 0; step < steps; ++step) {
          write_pixels(sample + step * (sample_size / steps), frames, index * steps + step,
                       outputs[k]);
        }
      }
      if (last_block < -1 || other_ != nullptr) return;
      model_.run({sample, frames.size(3), frames.size(4), steps, {}}, places, last_block,
                 [&](int64_t block, const float* tokens) { take(index, block, tokens); });
    });
    if (last_block < -1 || other_ == nullptr) return outputs;
    std::set<int64_t> blocks;
    for (const std::size_t index : wanted) blocks.insert(taps_[index].last_block(model_.config()));
    const at::Tensor samples =
        frames.reshape({count, steps * tubelet, frames.size(2), frames.size(3), frames.size(4)});
    other_->run(samples, {}, places, last_block, blocks,
                [&](int64_t block, int64_t first, const at::Tensor& tokens) {
                  const int64_t stride = tokens.size(1) * tokens.size(2);
                  parallel_for(tokens.size(0), options.threads, [&](int64_t i) {
                    take(first + i, block, tokens.data_ptr<float>() + i * stride);
                  });
                });
    return outputs;
  }

  std::unique_ptr<Encoder> untrained(uint64_t seed) const override {
    return drawn_encoder(family_, model_.config(), info_.preprocess, seed, device_);
  }

 private:
  /// Numbers in a frame; 0 when its size depends on the video.
  int64_t pixel_values() const {
    const auto size = fixed_frame_size(info_.preprocess);
    const VitConfig& config = model_.config();
    return size ? config.tubelet * config.channels * size->first * size->second : 0;
  }

  /// Refuses sizes that the patches do not tile (the references assert; they do not crop).
  void require_whole_patches(int64_t height, int64_t width) const {
    const int64_t patch = model_.config().patch;
    if (height % patch == 0 && width % patch == 0) return;
    if (family_.drops_partial_patches && height >= patch && width >= patch) return;
    throw Error(ErrorKind::kUsage, info_.id,
                "takes images whose sides are multiples of " + std::to_string(patch) + ", got " +
                    std::to_string(height) + "x" + std::to_string(width) +
                    "; change the preprocessing's size or crop");
  }

  void require_whole_steps(int64_t frames) const {
    const int64_t tubelet = model_.config().tubelet;
    if (frames % tubelet == 0) return;
    throw Error(ErrorKind::kUsage, info_.id,
                "sees " + std::to_string(tubelet) + " frames at a time, so a clip cannot have " +
                    std::to_string(frames));
  }

  void check_preprocess() const {
    if (info_.preprocess.colour != ColourRule::kRgb) {
      throw Error(ErrorKind::kUsage, info_.id, "takes colour; set preprocess.colour to rgb");
    }
    const auto size = fixed_frame_size(info_.preprocess);
    if (size) require_whole_patches(size->first, size->second);
  }

  TapOutput empty_output(std::size_t index, const at::Tensor& frames, bool keep_tokens) const {
    const VitConfig& config = model_.config();
    const VitTap& tap = taps_[index];
    const int64_t batch = frames.size(0);
    const int64_t steps = frames.size(1) / config.tubelet;
    TapOutput output;
    output.name = info_.taps[index].name;
    if (tap.place == VitTap::Place::kPixel) {
      const int64_t channels = config.tubelet * frames.size(2);
      output.grid_height = 1;
      output.grid_width = 1;
      output.pooled =
          at::empty({batch, steps, channels * kThumbnailSide * kThumbnailSide}, at::kFloat);
      output.patch_mean = output.pooled;
      if (keep_tokens) {
        output.tokens =
            at::empty({batch, steps, 1, channels * frames.size(3) * frames.size(4)}, at::kFloat);
      }
      return output;
    }
    if (tap.place == VitTap::Place::kPooled) {
      output.prefix_tokens = 1;
      output.pooled = at::empty({batch, steps, config.pooled_width()}, at::kFloat);
      output.patch_mean = output.pooled;
      if (keep_tokens) output.tokens = output.pooled.unsqueeze(2);
      return output;
    }
    const int64_t grid_height = frames.size(3) / config.patch;
    const int64_t grid_width = frames.size(4) / config.patch;
    const int64_t rows = tap.rows(config, grid_height * grid_width);
    const bool has_patches = tap.part == VitTap::Part::kAll || tap.part == VitTap::Part::kPatches;
    output.grid_height = has_patches ? grid_height : 0;
    output.grid_width = has_patches ? grid_width : 0;
    output.prefix_tokens = rows - output.grid_height * output.grid_width;
    output.pooled = at::empty({batch, steps, config.width}, at::kFloat);
    output.patch_mean = at::empty({batch, steps, config.width}, at::kFloat);
    if (keep_tokens) output.tokens = at::empty({batch, steps, rows, config.width}, at::kFloat);
    return output;
  }

  /// The frames of one step side by side, channel by channel.
  void write_pixels(const float* image,
                    const at::Tensor& frames,
                    int64_t step,
                    TapOutput& output) const {
    const int64_t channels = model_.config().tubelet * frames.size(2);
    const int64_t values = channels * frames.size(3) * frames.size(4);
    if (output.tokens.defined()) {
      std::copy_n(image, values, output.tokens.data_ptr<float>() + step * values);
    }
    area_thumbnail(image, channels, frames.size(3), frames.size(4),
                   output.pooled.data_ptr<float>() + step * output.pooled.size(2));
  }

  /// What a tap takes of the tokens after `block`, if that is its block.
  void write_block(const VitTap& tap,
                   int64_t block,
                   const float* tokens,
                   int64_t patches,
                   int64_t frame,
                   TapOutput& output) const {
    if (tap.place == VitTap::Place::kPixel || tap.last_block(model_.config()) != block) return;
    if (tap.place == VitTap::Place::kPooled) {
      write_pooled(tokens, patches, frame, output);
    } else {
      write_tokens(tap, tokens, patches, frame, output);
    }
  }

  void write_pooled(const float* tokens, int64_t patches, int64_t frame, TapOutput& output) const {
    const VitConfig& config = model_.config();
    const int64_t rows = config.prefix_tokens() + patches;
    std::vector<float> normed(static_cast<std::size_t>(rows * config.width));
    model_.final_norm(tokens, rows, normed.data());
    // `tokens` and `patch_mean` are the same memory.
    model_.pool(tokens, normed.data(), patches,
                output.pooled.data_ptr<float>() + frame * config.pooled_width());
  }

  void write_tokens(const VitTap& tap,
                    const float* all_tokens,
                    int64_t patches,
                    int64_t frame,
                    TapOutput& output) const {
    const VitConfig& config = model_.config();
    const int64_t width = config.width;
    const int64_t rows = tap.rows(config, patches);
    const float* tokens = all_tokens + tap.first_row(config) * width;
    std::vector<float> scratch;
    const float* values = tokens;
    if (output.tokens.defined() || tap.is_normed) {
      if (!output.tokens.defined()) scratch.resize(static_cast<std::size_t>(rows * width));
      float* to = output.tokens.defined() ? output.tokens.data_ptr<float>() + frame * rows * width
                                          : scratch.data();
      if (tap.is_normed) {
        model_.final_norm(tokens, rows, to);
      } else {
        std::copy_n(tokens, rows * width, to);
      }
      values = to;
    }
    float* pooled = output.pooled.data_ptr<float>() + frame * width;
    float* patch_mean = output.patch_mean.data_ptr<float>() + frame * width;
    const bool has_class = config.has_class_token && tap.first_row(config) == 0;
    const int64_t skipped = output.grid_height > 0 ? output.prefix_tokens : 0;
    mean_of_rows(values + skipped * width, rows - skipped, width, patch_mean);
    std::copy_n(has_class ? values : patch_mean, width, pooled);
  }

  const VitFamily& family_;
  EncoderInfo info_;
  std::optional<at::Device> device_;
  std::unique_ptr<VitAtenModel> other_;  ///< Computes the blocks elsewhere than on the CPU.
  VitModel model_;
  std::vector<VitTap> taps_;  ///< Parallel to info_.taps.
};

std::unique_ptr<Encoder> drawn_encoder(const VitFamily& family,
                                       const VitConfig& config,
                                       const PreprocessSpec& preprocess,
                                       uint64_t seed,
                                       const std::optional<at::Device>& device) {
  return std::make_unique<VitEncoder>(family, config,
                                      random_vit_parameters(config, seed, family.initialisation),
                                      preprocess, drawn_origin(seed), device);
}

}  // namespace

std::unique_ptr<Encoder> make_vit_encoder(const VitFamily& family, const nlohmann::json& config) {
  return make_vit_encoder(family, config, read_vit_options(family, config));
}

std::unique_ptr<Encoder> make_vit_encoder(const VitFamily& family,
                                          const nlohmann::json& config,
                                          const VitOptions& options) {
  if (options.is_random) {
    const VitConfig fresh = random_vit_config(family, options);
    return drawn_encoder(family, fresh, vit_preprocess(family, options, config, fresh),
                         options.seed, options.aten_device);
  }
  VitWeights weights = load_vit(options.weights, options.request);
  require_digest(options, weights.path, weights.digest);
  VitFacts& facts = weights.facts;
  apply_vit_options(family, options, weights.path, facts.config);
  return std::make_unique<VitEncoder>(family, facts.config, std::move(weights.parameters),
                                      vit_preprocess(family, options, config, facts.config),
                                      VitOrigin{weights.path, weights.digest, "", facts.line,
                                                facts.is_one_of_several ? facts.holder : ""},
                                      options.aten_device);
}

std::unique_ptr<Encoder> make_untrained_vit(const VitFamily& family,
                                            const std::string& size,
                                            uint64_t seed,
                                            const std::string& preset) {
  const VitConfig config = vit_size(family, size);
  return drawn_encoder(family, config, vit_preset(family, preset, config), seed, std::nullopt);
}

}  // namespace physprobe

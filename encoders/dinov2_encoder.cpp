#include "physprobe/encoders/dinov2_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/dinov2_checkpoint.h"
#include "physprobe/encoders/dinov2_variants.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/thumbnail.h"
#include "physprobe/encoders/vit_model.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace physprobe {
namespace {

const char* const kSubject = "dinov2.options";

/// What a tap reads.
struct Tap {
  int64_t block = -1;      ///< -1: the pixels.
  bool is_normed = false;  ///< The final layer norm is applied.
};

/// Where a model's numbers come from.
struct Origin {
  std::string path;
  std::string digest;
  std::string id_suffix;
};

/// Mean over the patches of `tokens` (prefix + patches, D), summed in double.
void mean_of_patches(
    const float* tokens, int64_t prefix, int64_t patches, int64_t width, float* mean) {
  std::vector<double> sums(static_cast<std::size_t>(width), 0.0);
  for (int64_t p = 0; p < patches; ++p) {
    const float* token = tokens + (prefix + p) * width;
    for (int64_t i = 0; i < width; ++i)
      sums[static_cast<std::size_t>(i)] += static_cast<double>(token[i]);
  }
  for (int64_t i = 0; i < width; ++i) {
    mean[i] = static_cast<float>(sums[static_cast<std::size_t>(i)] / static_cast<double>(patches));
  }
}

std::unique_ptr<Encoder> drawn_encoder(const VitConfig& config,
                                       const PreprocessSpec& preprocess,
                                       uint64_t seed);

class Dinov2Encoder final : public Encoder {
 public:
  Dinov2Encoder(const VitConfig& config,
                const VitParameters& parameters,
                const PreprocessSpec& preprocess,
                const Origin& origin)
      : model_(config, parameters) {
    const std::string size = dinov2_size_name(config);
    info_.id = "dinov2-" + (size.empty() ? anonymous_size() : size);
    std::replace(info_.id.begin(), info_.id.end(), '_', '-');
    if (config.position != dinov2_position_rule(config)) {
      info_.id += std::string("-") + position_name(config.position);
    }
    info_.id += origin.id_suffix + preprocess_suffix(dinov2_preset("dinov2"), preprocess);
    info_.family = "dinov2";
    info_.description = "DINOv2 vision transformer, " + std::to_string(config.depth) +
                        " blocks of width " + std::to_string(config.width) + ", patches of " +
                        std::to_string(config.patch) + " pixels, " +
                        std::to_string(config.registers) + " registers, positions by " +
                        position_name(config.position);
    info_.weights_path = origin.path;
    info_.weights_digest = origin.digest;
    info_.canonical = "dinov2/1 " + config.canonical();
    info_.retrieval_tap = "norm";
    info_.preprocess = preprocess;
    info_.has_weights = true;
    info_.is_verified = true;
    check_preprocess();
    add_taps();
  }

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input,
                                const EncodeOptions& options) const override {
    const std::vector<std::size_t> wanted = requested_taps(info_, options);
    const at::Tensor frames = checked_frames(info_, input, model_.config().channels);
    require_preprocessed_size(info_, frames);
    require_whole_patches(frames.size(3), frames.size(4));
    const int64_t count = frames.size(0) * frames.size(1);
    const int64_t frame_size = frames.size(2) * frames.size(3) * frames.size(4);

    std::vector<TapOutput> outputs;
    int64_t last_block = -1;
    for (const std::size_t index : wanted) {
      outputs.push_back(empty_output(index, frames, options.keep_tokens));
      last_block = std::max(last_block, taps_[index].block);
    }
    const at::Tensor positions = last_block < 0
                                     ? at::Tensor()
                                     : model_.positions(frames.size(3) / model_.config().patch,
                                                        frames.size(4) / model_.config().patch);
    parallel_for(count, options.threads, [&](int64_t frame) {
      const float* image = frames.data_ptr<float>() + frame * frame_size;
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        if (taps_[wanted[k]].block < 0) write_pixels(image, frames, frame, outputs[k]);
      }
      if (last_block < 0) return;
      model_.run(image, frames.size(3), frames.size(4), positions, last_block,
                 [&](int64_t block, const float* tokens) {
                   if (block < 0) return;
                   for (std::size_t k = 0; k < wanted.size(); ++k) {
                     if (taps_[wanted[k]].block == block) {
                       write_tokens(taps_[wanted[k]], tokens, frame, outputs[k]);
                     }
                   }
                 });
    });
    return outputs;
  }

  std::unique_ptr<Encoder> untrained(uint64_t seed) const override {
    return drawn_encoder(model_.config(), info_.preprocess, seed);
  }

 private:
  std::string anonymous_size() const {
    const VitConfig& config = model_.config();
    return "D" + std::to_string(config.width) + "-L" + std::to_string(config.depth) + "-h" +
           std::to_string(config.heads) + "-P" + std::to_string(config.patch) + "-R" +
           std::to_string(config.registers);
  }

  void add_tap(const std::string& name,
               int64_t width,
               const std::string& description,
               const Tap& tap) {
    info_.taps.push_back({name, width, description});
    taps_.push_back(tap);
  }

  void add_taps() {
    const VitConfig& config = model_.config();
    const std::string layout = config.registers > 0 ? "class token, registers, patches row by row"
                                                    : "class token, patches row by row";
    add_tap("pixel", pixel_values(), "The preprocessed frame, flattened channel, row, column.", {});
    info_.default_taps = {"pixel"};
    for (int64_t block = 0; block < config.depth; ++block) {
      const std::string name = "block" + std::to_string(block);
      add_tap(name, config.width, "Residual stream after the block, not normed: " + layout + ".",
              {block, false});
      add_tap(name + ".norm", config.width,
              "The block's output after the final layer norm: " + layout + ".", {block, true});
      info_.default_taps.push_back(name);
    }
    add_tap("norm", config.width,
            "The last block's output after the final layer norm: " + layout + ".",
            {config.depth - 1, true});
    info_.default_taps.emplace_back("norm");
  }

  /// Numbers in a frame; 0 when its size depends on the video.
  int64_t pixel_values() const {
    const auto size = fixed_frame_size(info_.preprocess);
    return size ? model_.config().channels * size->first * size->second : 0;
  }

  /// Refuses sizes that the patches do not tile (the reference asserts; it does not crop).
  void require_whole_patches(int64_t height, int64_t width) const {
    const int64_t patch = model_.config().patch;
    if (height % patch == 0 && width % patch == 0) return;
    throw Error(ErrorKind::kUsage, info_.id,
                "takes images whose sides are multiples of " + std::to_string(patch) + ", got " +
                    std::to_string(height) + "x" + std::to_string(width) +
                    "; change the preprocessing's size or crop");
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
    const int64_t batch = frames.size(0);
    const int64_t steps = frames.size(1);
    TapOutput output;
    output.name = info_.taps[index].name;
    if (taps_[index].block < 0) {
      const int64_t channels = frames.size(2);
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
    output.prefix_tokens = config.prefix_tokens();
    output.grid_height = frames.size(3) / config.patch;
    output.grid_width = frames.size(4) / config.patch;
    output.pooled = at::empty({batch, steps, config.width}, at::kFloat);
    output.patch_mean = at::empty({batch, steps, config.width}, at::kFloat);
    if (keep_tokens) {
      const int64_t tokens = output.prefix_tokens + output.grid_height * output.grid_width;
      output.tokens = at::empty({batch, steps, tokens, config.width}, at::kFloat);
    }
    return output;
  }

  static void write_pixels(const float* image,
                           const at::Tensor& frames,
                           int64_t frame,
                           TapOutput& output) {
    const int64_t values = frames.size(2) * frames.size(3) * frames.size(4);
    if (output.tokens.defined()) {
      std::copy_n(image, values, output.tokens.data_ptr<float>() + frame * values);
    }
    area_thumbnail(image, frames.size(2), frames.size(3), frames.size(4),
                   output.pooled.data_ptr<float>() + frame * output.pooled.size(2));
  }

  void write_tokens(const Tap& tap, const float* tokens, int64_t frame, TapOutput& output) const {
    const int64_t width = model_.config().width;
    const int64_t patches = output.grid_height * output.grid_width;
    const int64_t rows = output.prefix_tokens + patches;
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
    std::copy_n(values, width, output.pooled.data_ptr<float>() + frame * width);
    mean_of_patches(values, output.prefix_tokens, patches, width,
                    output.patch_mean.data_ptr<float>() + frame * width);
  }

  EncoderInfo info_;
  VitModel model_;
  std::vector<Tap> taps_;  ///< Parallel to info_.taps.
};

std::unique_ptr<Encoder> drawn_encoder(const VitConfig& config,
                                       const PreprocessSpec& preprocess,
                                       uint64_t seed) {
  const std::string number = std::to_string(seed);
  return std::make_unique<Dinov2Encoder>(config, random_vit_parameters(config, seed), preprocess,
                                         Origin{"", "random-" + number, "-random" + number});
}

/// The rule that `pos_interp` names for this model.
PositionInterpolation position_rule(const std::string& name, const VitConfig& config) {
  if (name == "offset") return PositionInterpolation::kOffset;
  if (name == "size") return PositionInterpolation::kSize;
  if (name == "size_antialias" || name == "timm") return PositionInterpolation::kSizeAntialias;
  if (name == "hf" && config.registers == 0) return PositionInterpolation::kSize;
  return dinov2_position_rule(config);  // auto, and Hugging Face's models with registers
}

void require_size(const std::string& size, const Dinov2Weights& weights) {
  if (size.empty()) return;
  VitConfig expected = dinov2_config(size);
  expected.norm_epsilon = weights.config.norm_epsilon;
  expected.table_side = weights.config.table_side;
  if (expected.canonical() == weights.config.canonical()) return;
  throw Error(ErrorKind::kIncompatible, weights.path,
              "is not a DINOv2 of size " + size + ": found " + weights.config.canonical() +
                  ", expected " + expected.canonical());
}

}  // namespace

std::unique_ptr<Encoder> make_dinov2_encoder(const nlohmann::json& config) {
  const nlohmann::json options = object_field(config, "options", "dinov2");
  const std::string weights_path = string_field(config, "weights", "", "dinov2");
  const std::string size = string_field(options, "size", "", kSubject);
  const std::string pin = string_field(options, "digest", "", kSubject);
  const std::string position =
      choice_field(options, "pos_interp", "auto",
                   {"auto", "offset", "size", "size_antialias", "hf", "timm"}, kSubject);
  const int64_t heads = integer_field(options, "heads", 0, 1, 65536, kSubject);
  const bool is_random = options.contains("random_seed");
  const int64_t seed =
      integer_field(options, "random_seed", 0, 0, std::numeric_limits<int64_t>::max(), kSubject);
  const PreprocessSpec preprocess = read_preprocess(
      object_field(config, "preprocess", "dinov2"),
      dinov2_preset(choice_field(options, "preset", "dinov2", dinov2_presets(), kSubject)),
      "dinov2");
  if (is_random == !weights_path.empty()) {
    throw Error(ErrorKind::kUsage, kSubject,
                is_random ? "'random_seed' and 'weights' exclude each other; remove one"
                          : "needs 'weights', or 'random_seed' with 'size' for an untrained model");
  }
  if (is_random) {
    if (size.empty()) throw Error(ErrorKind::kUsage, kSubject, "'random_seed' needs 'size'");
    VitConfig fresh = dinov2_config(size);
    if (heads > 0) fresh.heads = heads;
    fresh.position = position_rule(position, fresh);
    fresh.validate(kSubject);
    return drawn_encoder(fresh, preprocess, static_cast<uint64_t>(seed));
  }
  Dinov2Weights weights = load_dinov2(weights_path, heads);
  if (!pin.empty() && pin != weights.digest) {
    throw Error(ErrorKind::kIncompatible, weights.path,
                "has the digest " + weights.digest + ", but the config pins " + pin +
                    "; fetch the file again or correct 'digest'");
  }
  require_size(size, weights);
  weights.config.position = position_rule(position, weights.config);
  return std::make_unique<Dinov2Encoder>(weights.config, weights.parameters, preprocess,
                                         Origin{weights.path, weights.digest, ""});
}

std::unique_ptr<Encoder> make_untrained_dinov2(const std::string& size,
                                               uint64_t seed,
                                               const std::string& preset) {
  return drawn_encoder(dinov2_config(size), dinov2_preset(preset), seed);
}

}  // namespace physprobe

#include "physprobe/encoders/vit_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/thumbnail.h"
#include "physprobe/encoders/vit_aten_model.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_half.h"
#include "physprobe/encoders/vit_model.h"
#include "physprobe/encoders/vit_taps.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace physprobe {
namespace {

/// Where a model's numbers come from.
struct Origin {
  std::string path;
  std::string digest;
  std::string id_suffix;
  std::string detection;
  std::string holder;  ///< Of one of several models in a file; part of its identity.
};

std::unique_ptr<Encoder> drawn_encoder(const VitFamily& family,
                                       const VitConfig& config,
                                       const PreprocessSpec& preprocess,
                                       uint64_t seed,
                                       const at::Device& device);

class VitEncoder final : public Encoder {
 public:
  VitEncoder(const VitFamily& family,
             const VitConfig& config,
             VitParameters parameters,
             const PreprocessSpec& preprocess,
             const Origin& origin,
             const at::Device& device)
      : family_(family),
        device_(device),
        other_(model_on_device(config, parameters, device)),
        model_(config, std::move(parameters)) {
    describe(config, preprocess, origin);
    check_preprocess();
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
    const int64_t count = frames.size(0) * frames.size(1);
    const int64_t frame_size = frames.size(2) * frames.size(3) * frames.size(4);
    const int64_t patch = model_.config().patch;

    std::vector<TapOutput> outputs;
    int64_t last_block = -2;
    for (const std::size_t index : wanted) {
      outputs.push_back(empty_output(index, frames, options.keep_tokens));
      last_block = std::max(last_block, taps_[index].last_block(model_.config()));
    }
    const VitPlaces places = last_block < -1
                                 ? VitPlaces{}
                                 : model_.places(frames.size(3) / patch, frames.size(4) / patch);
    const int64_t patches = (frames.size(3) / patch) * (frames.size(4) / patch);
    const auto take = [&](int64_t frame, int64_t block, const float* tokens) {
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        write_block(taps_[wanted[k]], block, tokens, patches, frame, outputs[k]);
      }
    };
    parallel_for(count, options.threads, [&](int64_t frame) {
      const float* image = frames.data_ptr<float>() + frame * frame_size;
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        if (taps_[wanted[k]].place == VitTap::Place::kPixel) {
          write_pixels(image, frames, frame, outputs[k]);
        }
      }
      if (last_block < -1 || other_ != nullptr) return;
      model_.run(image, frames.size(3), frames.size(4), places, last_block,
                 [&](int64_t block, const float* tokens) { take(frame, block, tokens); });
    });
    if (last_block < -1 || other_ == nullptr) return outputs;
    std::set<int64_t> blocks;
    for (const std::size_t index : wanted) blocks.insert(taps_[index].last_block(model_.config()));
    other_->run(frames.flatten(0, 1), places, last_block, blocks,
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
  void describe(const VitConfig& config, const PreprocessSpec& preprocess, const Origin& origin) {
    const std::string size = vit_size_name(family_, config);
    info_.id = family_.name + "-" + (size.empty() ? anonymous_size() : size);
    if (!origin.holder.empty()) info_.id += "-" + origin.holder.substr(0, origin.holder.find('.'));
    std::replace(info_.id.begin(), info_.id.end(), '_', '-');
    if (config.position != vit_position_rule(family_, "auto", config)) {
      info_.id += std::string("-") + position_name(config.position);
    }
    if (config.precision != VitPrecision::kFloat32) {
      info_.id += std::string("-") + precision_name(config.precision);
    }
    info_.id += origin.id_suffix;
    info_.id += preprocess_suffix(vit_preset(family_, "", config), preprocess);
    info_.family = family_.name;
    info_.description =
        family_.title + " vision transformer, " + std::to_string(config.depth) +
        " blocks of width " + std::to_string(config.width) + ", patches of " +
        std::to_string(config.patch) + " pixels, " + std::to_string(config.registers) +
        " registers, positions by " +
        (config.positions == VitPositions::kRotary ? "rotation" : position_name(config.position));
    info_.detection = origin.detection;
    info_.weights_path = origin.path;
    info_.weights_digest = origin.digest;
    info_.canonical = family_.name + "/1 " + config.canonical();
    if (!origin.holder.empty()) info_.canonical += " from " + origin.holder;
    info_.retrieval_tap =
        config.pooling == VitPooling::kClassToken && config.projection == 0 ? "norm" : "pooled";
    info_.preprocess = preprocess;
    info_.has_weights = true;
    info_.is_verified = family_.is_verified;
  }

  std::string anonymous_size() const {
    const VitConfig& config = model_.config();
    return "D" + std::to_string(config.width) + "-L" + std::to_string(config.depth) + "-h" +
           std::to_string(config.heads) + "-P" + std::to_string(config.patch) + "-R" +
           std::to_string(config.registers);
  }

  /// Numbers in a frame; 0 when its size depends on the video.
  int64_t pixel_values() const {
    const auto size = fixed_frame_size(info_.preprocess);
    return size ? model_.config().channels * size->first * size->second : 0;
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
    const int64_t steps = frames.size(1);
    TapOutput output;
    output.name = info_.taps[index].name;
    if (tap.place == VitTap::Place::kPixel) {
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
  at::Device device_;
  std::unique_ptr<VitAtenModel> other_;  ///< Computes the blocks elsewhere than on the CPU.
  VitModel model_;
  std::vector<VitTap> taps_;  ///< Parallel to info_.taps.
};

std::unique_ptr<Encoder> drawn_encoder(const VitFamily& family,
                                       const VitConfig& config,
                                       const PreprocessSpec& preprocess,
                                       uint64_t seed,
                                       const at::Device& device) {
  const std::string number = std::to_string(seed);
  return std::make_unique<VitEncoder>(
      family, config, random_vit_parameters(config, seed), preprocess,
      Origin{"", "random-" + number, "-random" + number, "weights drawn from seed " + number, ""},
      device);
}

void require_size(const VitFamily& family, const std::string& size, const VitWeights& weights) {
  if (size.empty()) return;
  const VitConfig& found = weights.facts.config;
  VitConfig expected = vit_size(family, size);
  expected.norm_epsilon = found.norm_epsilon;
  expected.table_side = found.table_side;
  expected.position = found.position;
  if (expected.canonical() == found.canonical()) return;
  throw Error(ErrorKind::kIncompatible, weights.path,
              "is not a " + family.title + " of size " + size + ": found " + found.canonical() +
                  ", expected " + expected.canonical());
}

/// The options, checked but for those that need the model.
struct Options {
  std::string size;
  std::string digest;
  std::string position;
  std::string preset;
  std::string weights;
  VitPrecision precision = VitPrecision::kFloat32;
  at::Device device = at::Device(at::kCPU);
  VitRequest request;
  bool is_random = false;
  int64_t seed = 0;
};

Options read_options(const VitFamily& family, const nlohmann::json& config) {
  const nlohmann::json options = object_field(config, "options", family.name);
  const std::string subject = family.name + ".options";
  Options read;
  read.weights = string_field(config, "weights", "", family.name);
  read.size = string_field(options, "size", "", subject);
  read.digest = string_field(options, "digest", "", subject);
  read.position = choice_field(
      options, "pos_interp", "auto",
      {"auto", "original", "hf", "timm", "offset", "size", "size_antialias", "scale", "fixed"},
      subject);
  read.preset = string_field(options, "preset", "", subject);
  const std::string dtype =
      choice_field(options, "dtype", "float32", {"float32", "bfloat16", "float16"}, subject);
  for (const VitPrecision precision : {VitPrecision::kBfloat16, VitPrecision::kFloat16}) {
    if (dtype == precision_name(precision)) read.precision = precision;
  }
  read.device =
      compute_device(string_field(options, "device", "cpu", subject), subject + ".device");
  if (read.precision == VitPrecision::kFloat16 && read.device.is_cpu()) {
    require_half_products(subject + ".dtype");
  }
  read.request.family = family.name;
  read.request.heads = integer_field(options, "heads", 0, 1, 65536, subject);
  read.request.checkpoint_key = string_field(options, "checkpoint_key", "", subject);
  read.is_random = options.contains("random_seed");
  read.seed =
      integer_field(options, "random_seed", 0, 0, std::numeric_limits<int64_t>::max(), subject);
  if (read.is_random == !read.weights.empty()) {
    throw Error(ErrorKind::kUsage, subject,
                read.is_random
                    ? "'random_seed' and 'weights' exclude each other; remove one"
                    : "needs 'weights', or 'random_seed' with 'size' for an untrained model");
  }
  if (read.is_random && read.size.empty()) {
    throw Error(ErrorKind::kUsage, subject, "'random_seed' needs 'size'");
  }
  return read;
}

}  // namespace

const std::vector<std::string>& vit_option_names() {
  static const std::vector<std::string> names = {"size",       "heads",  "checkpoint_key",
                                                 "pos_interp", "preset", "dtype",
                                                 "device",     "digest", "random_seed"};
  return names;
}

std::unique_ptr<Encoder> make_vit_encoder(const VitFamily& family, const nlohmann::json& config) {
  const Options options = read_options(family, config);
  const auto preprocess = [&](const VitConfig& model) {
    return read_preprocess(object_field(config, "preprocess", family.name),
                           vit_preset(family, options.preset, model), family.name);
  };
  if (options.is_random) {
    VitConfig fresh = vit_size(family, options.size);
    if (options.request.heads > 0) fresh.heads = options.request.heads;
    fresh.position = vit_position_rule(family, options.position, fresh);
    fresh.precision = options.precision;
    fresh.validate(family.name + ".options");
    return drawn_encoder(family, fresh, preprocess(fresh), static_cast<uint64_t>(options.seed),
                         options.device);
  }
  VitWeights weights = load_vit(options.weights, options.request);
  if (!options.digest.empty() && options.digest != weights.digest) {
    throw Error(ErrorKind::kIncompatible, weights.path,
                "has the digest " + weights.digest + ", but the config pins " + options.digest +
                    "; fetch the file again or correct 'digest'");
  }
  require_size(family, options.size, weights);
  VitFacts& facts = weights.facts;
  facts.config.position = vit_position_rule(family, options.position, facts.config);
  facts.config.precision = options.precision;
  return std::make_unique<VitEncoder>(family, facts.config, std::move(weights.parameters),
                                      preprocess(facts.config),
                                      Origin{weights.path, weights.digest, "", facts.line,
                                             facts.is_one_of_several ? facts.holder : ""},
                                      options.device);
}

std::unique_ptr<Encoder> make_untrained_vit(const VitFamily& family,
                                            const std::string& size,
                                            uint64_t seed,
                                            const std::string& preset) {
  const VitConfig config = vit_size(family, size);
  return drawn_encoder(family, config, vit_preset(family, preset, config), seed,
                       at::Device(at::kCPU));
}

}  // namespace physprobe

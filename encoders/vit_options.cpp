#include "physprobe/encoders/vit_options.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/compute_device.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/vit_half.h"

#include <nlohmann/json.hpp>

#include <limits>

namespace physprobe {
namespace {

constexpr int64_t kMostHeads = 65536;
constexpr int64_t kMostMaskTokens = 1024;

void require_size(const VitFamily& family,
                  const std::string& size,
                  const std::string& path,
                  const VitConfig& found) {
  VitConfig expected = vit_size(family, size);
  expected.norm_epsilon = found.norm_epsilon;
  expected.table_side = found.table_side;
  expected.table_steps = found.table_steps;
  expected.position = found.position;
  if (expected.canonical() == found.canonical()) return;
  const std::string other = vit_size_name(family, found);
  throw Error(ErrorKind::kIncompatible, path,
              "is not a " + family.title + " of size " + size +
                  (other.empty() ? "" : " but of size " + other) + ": found " + found.canonical() +
                  ", expected " + expected.canonical());
}

}  // namespace

std::vector<std::string> vit_option_names(const VitFamily& family) {
  std::vector<std::string> names = {"size",  "heads",  "checkpoint_key", "pos_interp", "preset",
                                    "dtype", "device", "digest",         "random_seed"};
  if (!family.decoder_namings.empty()) {
    names.emplace_back("predictor_heads");
    names.emplace_back("mask_token");
  }
  if (family.predicts_pixels) names.emplace_back("prediction");
  return names;
}

VitOptions read_vit_options(const VitFamily& family, const nlohmann::json& config) {
  const nlohmann::json options = object_field(config, "options", family.name);
  const std::string subject = family.name + ".options";
  VitOptions read;
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
  const at::Device device =
      compute_device(string_field(options, "device", "cpu", subject), subject + ".device");
  if (!device.is_cpu()) read.aten_device = device;
  if (read.precision == VitPrecision::kFloat16 && device.is_cpu()) {
    require_half_products(subject + ".dtype");
  }
  read.request.family = family.name;
  read.request.heads = integer_field(options, "heads", 0, 1, kMostHeads, subject);
  read.request.checkpoint_key = string_field(options, "checkpoint_key", "", subject);
  read.predictor_heads = integer_field(options, "predictor_heads", 0, 1, kMostHeads, subject);
  read.mask_token = integer_field(options, "mask_token", 0, 0, kMostMaskTokens, subject);
  read.predicts_zeros = choice_field(options, "prediction", "model", {"model", "published_zeros"},
                                     subject) == "published_zeros";
  read.is_random = options.contains("random_seed");
  read.seed = static_cast<uint64_t>(
      integer_field(options, "random_seed", 0, 0, std::numeric_limits<int64_t>::max(), subject));
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

VitConfig random_vit_config(const VitFamily& family, const VitOptions& options) {
  VitConfig fresh = vit_size(family, options.size);
  if (options.request.heads > 0) fresh.heads = options.request.heads;
  fresh.position = vit_position_rule(family, options.position, fresh);
  fresh.precision = options.precision;
  fresh.validate(family.name + ".options");
  return fresh;
}

void apply_vit_options(const VitFamily& family,
                       const VitOptions& options,
                       const std::string& path,
                       VitConfig& config) {
  if (!options.size.empty()) {
    require_size(family, options.size, path, config);
    // Without a table the file does not say which pixels it was trained at; the size does.
    const VitConfig size = vit_size(family, options.size);
    if (config.tubelet > 1 && config.positions != VitPositions::kTable) {
      config.table_side = size.table_side;
    }
  }
  config.position = vit_position_rule(family, options.position, config);
  config.precision = options.precision;
}

void require_digest(const VitOptions& options, const std::string& path, const std::string& digest) {
  if (options.digest.empty() || options.digest == digest) return;
  throw Error(ErrorKind::kIncompatible, path,
              "has the digest " + digest + ", but the config pins " + options.digest +
                  "; fetch the file again or correct 'digest'");
}

PreprocessSpec vit_preprocess(const VitFamily& family,
                              const VitOptions& options,
                              const nlohmann::json& config,
                              const VitConfig& model) {
  return read_preprocess(object_field(config, "preprocess", family.name),
                         vit_preset(family, options.preset, model), family.name);
}

}  // namespace physprobe

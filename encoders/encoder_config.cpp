#include "physprobe/encoders/encoder_config.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/nearest_name.h"

#include <nlohmann/json.hpp>

#include <array>
#include <limits>
#include <utility>

namespace physprobe {
namespace {

constexpr int64_t kLargestSide = 16384;

[[noreturn]] void refuse_value(const std::string& subject,
                               const std::string& key,
                               const nlohmann::json& value,
                               const std::string& expected) {
  throw Error(ErrorKind::kUsage, subject,
              "'" + key + "' is " + value.dump() + "; expected " + expected);
}

template <typename Enumerator>
using Names = std::vector<std::pair<std::string, Enumerator>>;

/// Puts the enumerator named under `key` into `field` when the key is present.
template <typename Enumerator>
void read_enumerator(const nlohmann::json& object,
                     const std::string& key,
                     const Names<Enumerator>& names,
                     const std::string& subject,
                     Enumerator& field) {
  if (!object.contains(key)) return;
  std::vector<std::string> choices;
  for (const auto& entry : names) choices.push_back(entry.first);
  const std::string chosen = choice_field(object, key, "", choices, subject);
  for (const auto& entry : names) {
    if (entry.first == chosen) field = entry.second;
  }
}

void read_triple(const nlohmann::json& object,
                 const std::string& key,
                 const std::string& subject,
                 std::array<double, 3>& field) {
  if (!object.contains(key)) return;
  const nlohmann::json& value = object.at(key);
  if (!value.is_array() || value.size() != field.size())
    refuse_value(subject, key, value, "three numbers");
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!value[i].is_number()) refuse_value(subject, key, value, "three numbers");
    field[i] = value[i].get<double>();
  }
}

}  // namespace

void refuse_unknown_keys(const nlohmann::json& object,
                         const std::vector<std::string>& known,
                         const std::string& subject) {
  if (!object.is_object()) {
    throw Error(ErrorKind::kUsage, subject,
                "expected a mapping of keys to values, found " + object.dump());
  }
  for (auto entry = object.begin(); entry != object.end(); ++entry) {
    bool is_known = false;
    for (const std::string& key : known) is_known = is_known || key == entry.key();
    if (is_known) continue;
    const std::string advice =
        known.empty() ? "; no key is accepted here" : did_you_mean(entry.key(), known);
    throw Error(ErrorKind::kUsage, subject, "unknown key '" + entry.key() + "'" + advice);
  }
}

nlohmann::json object_field(const nlohmann::json& config,
                            const std::string& key,
                            const std::string& subject) {
  if (!config.contains(key) || config.at(key).is_null()) return nlohmann::json::object();
  if (!config.at(key).is_object())
    refuse_value(subject, key, config.at(key), "a mapping of keys to values");
  return config.at(key);
}

int64_t integer_field(const nlohmann::json& object,
                      const std::string& key,
                      int64_t fallback,
                      int64_t lowest,
                      int64_t highest,
                      const std::string& subject) {
  if (!object.contains(key)) return fallback;
  const nlohmann::json& value = object.at(key);
  const std::string expected =
      "a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest);
  if (!value.is_number_integer()) refuse_value(subject, key, value, expected);
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    refuse_value(subject, key, value, expected);
  }
  const int64_t number = value.get<int64_t>();
  if (number < lowest || number > highest) refuse_value(subject, key, value, expected);
  return number;
}

std::string choice_field(const nlohmann::json& object,
                         const std::string& key,
                         const std::string& fallback,
                         const std::vector<std::string>& choices,
                         const std::string& subject) {
  if (!object.contains(key)) return fallback;
  const nlohmann::json& value = object.at(key);
  std::string list;
  for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
  if (!value.is_string()) refuse_value(subject, key, value, "one of " + list);
  for (const std::string& choice : choices) {
    if (value.get<std::string>() == choice) return choice;
  }
  refuse_value(subject, key, value, "one of " + list);
}

std::string string_field(const nlohmann::json& object,
                         const std::string& key,
                         const std::string& fallback,
                         const std::string& subject) {
  if (!object.contains(key)) return fallback;
  if (!object.at(key).is_string()) refuse_value(subject, key, object.at(key), "text");
  return object.at(key).get<std::string>();
}

PreprocessSpec read_preprocess(const nlohmann::json& overrides,
                               const PreprocessSpec& base,
                               const std::string& subject) {
  const std::string where = subject + ".preprocess";
  refuse_unknown_keys(overrides,
                      {"name", "colour", "resize", "size", "height", "width", "filter",
                       "arithmetic", "crop", "crop_offset", "scale_to_unit", "mean", "std"},
                      where);
  PreprocessSpec spec = base;
  spec.name = string_field(overrides, "name", base.name, where);
  read_enumerator<ColourRule>(overrides, "colour",
                              {{"rgb", ColourRule::kRgb}, {"luma", ColourRule::kLuma}}, where,
                              spec.colour);
  read_enumerator<ResizeRule>(overrides, "resize",
                              {{"none", ResizeRule::kNone},
                               {"squash", ResizeRule::kSquash},
                               {"short_side", ResizeRule::kShortSide},
                               {"center_square", ResizeRule::kCenterSquare},
                               {"bounded_squash", ResizeRule::kBoundedSquash}},
                              where, spec.resize);
  read_enumerator<ResampleFilter>(overrides, "filter",
                                  {{"bilinear", ResampleFilter::kBilinear},
                                   {"bicubic", ResampleFilter::kBicubic},
                                   {"lanczos", ResampleFilter::kLanczos}},
                                  where, spec.filter);
  read_enumerator<ResampleArithmetic>(overrides, "arithmetic",
                                      {{"pillow_uint8", ResampleArithmetic::kPillowUint8},
                                       {"float_antialias", ResampleArithmetic::kFloatAntialias},
                                       {"opencv_uint8", ResampleArithmetic::kOpenCvUint8},
                                       {"float_plain", ResampleArithmetic::kFloatPlain}},
                                      where, spec.arithmetic);
  read_enumerator<CropOffset>(
      overrides, "crop_offset",
      {{"torchvision", CropOffset::kTorchvision}, {"floor", CropOffset::kFloor}}, where,
      spec.crop_offset);
  spec.height = integer_field(overrides, "size", spec.height, 0, kLargestSide, where);
  spec.width = integer_field(overrides, "size", spec.width, 0, kLargestSide, where);
  spec.height = integer_field(overrides, "height", spec.height, 0, kLargestSide, where);
  spec.width = integer_field(overrides, "width", spec.width, 0, kLargestSide, where);
  spec.crop = integer_field(overrides, "crop", spec.crop, 0, kLargestSide, where);
  if (overrides.contains("scale_to_unit")) {
    const nlohmann::json& value = overrides.at("scale_to_unit");
    if (!value.is_boolean()) refuse_value(where, "scale_to_unit", value, "true or false");
    spec.scale_to_unit = value.get<bool>();
  }
  read_triple(overrides, "mean", where, spec.mean);
  read_triple(overrides, "std", where, spec.stddev);
  spec.validate();
  return spec;
}

std::string preprocess_suffix(const PreprocessSpec& base, const PreprocessSpec& changed) {
  if (base.canonical() == changed.canonical()) return "";
  return "-p" + sha256_hex(changed.canonical()).substr(0, 8);
}

}  // namespace physprobe

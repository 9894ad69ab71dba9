#include "physprobe/encoders/exec_model.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/encoders/encoder_config.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace physprobe {
namespace {

using Json = nlohmann::json;

const char* const kPrefix = "exec:";
constexpr int64_t kLargest = int64_t{1} << 40;
constexpr int64_t kLongestSeconds = 31'536'000;
constexpr int64_t kDefaultSeconds = 600;

bool is_plain_name(const std::string& text) {
  return !text.empty() && text.size() <= 100 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '+';
         });
}

/// Text that stands in ids, file names and lists.
std::string plain_name(const Json& object, const std::string& key, const std::string& where) {
  const std::string text = string_field(object, key, "", where);
  if (!is_plain_name(text)) {
    throw Error(ErrorKind::kUsage, where,
                fmt::format("'{}' is '{}'; expected 1 to 100 letters, digits, '.', '_', '-' or '+'",
                            key, text));
  }
  return text;
}

bool boolean_field(const Json& object, const std::string& key, const std::string& where) {
  if (!object.contains(key)) return false;
  if (!object.at(key).is_boolean()) {
    throw Error(ErrorKind::kUsage, where,
                fmt::format("'{}' is {}; expected true or false", key, object.at(key).dump()));
  }
  return object.at(key).get<bool>();
}

ExecTap read_tap(const Json& object, const std::string& where) {
  refuse_unknown_keys(object, {"name", "width", "prefix_tokens", "grid", "pooled", "description"},
                      where);
  ExecTap tap;
  tap.info.name = plain_name(object, "name", where);
  if (tap.info.name == "pixel") {
    throw Error(
        ErrorKind::kUsage, where,
        "'name' is 'pixel', which every encoder has: the preprocessed frame; choose another");
  }
  tap.info.width = integer_field(object, "width", 0, 1, kLargest, where);
  if (tap.info.width == 0) {
    throw Error(ErrorKind::kUsage, where, "'width' is missing: how many numbers a token has");
  }
  tap.info.description =
      string_field(object, "description", "As the served model gives it.", where);
  tap.prefix_tokens = integer_field(object, "prefix_tokens", 0, 0, kLargest, where);
  tap.is_pooled_by_first =
      choice_field(object, "pooled", "mean", {"mean", "first"}, where) == "first";
  if (object.contains("grid")) {
    const Json& grid = object.at("grid");
    const bool is_pair = grid.is_array() && grid.size() == 2 && grid[0].is_number_integer() &&
                         grid[1].is_number_integer() && grid[0].get<int64_t>() > 0 &&
                         grid[1].get<int64_t>() > 0 && grid[0].get<int64_t>() < kLargest &&
                         grid[1].get<int64_t>() < kLargest;
    if (!is_pair) {
      throw Error(
          ErrorKind::kUsage, where,
          fmt::format("'grid' is {}; expected rows and columns, such as [16, 16]", grid.dump()));
    }
    tap.grid_height = grid[0].get<int64_t>();
    tap.grid_width = grid[1].get<int64_t>();
  }
  return tap;
}

std::string known_tap(const std::string& name,
                      const std::string& key,
                      const std::vector<std::string>& names,
                      const std::string& where) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  throw Error(
      ErrorKind::kUsage, where,
      fmt::format("'{}' names '{}', which is no tap{}", key, name, did_you_mean(name, names)));
}

void read_taps(const Json& object, const std::string& where, ExecModel& model) {
  const Json taps = object.value("taps", Json());
  if (!taps.is_array() || taps.empty()) {
    throw Error(ErrorKind::kUsage, where, "'taps' must be a list with at least one tap");
  }
  std::vector<std::string> names = {"pixel"};
  for (std::size_t i = 0; i < taps.size(); ++i) {
    model.taps.push_back(read_tap(taps[i], fmt::format("{}.taps.{}", where, i)));
    const std::string& name = model.taps.back().info.name;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw Error(ErrorKind::kUsage, where, fmt::format("the tap '{}' stands there twice", name));
    }
    names.push_back(name);
  }
  model.default_taps = {"pixel"};
  const Json defaults = object.value("default_taps", Json());
  if (defaults.is_null()) {
    model.default_taps = names;
  } else if (!defaults.is_array() || defaults.empty() ||
             !std::all_of(defaults.begin(), defaults.end(),
                          [](const Json& name) { return name.is_string(); })) {
    throw Error(ErrorKind::kUsage, where, "'default_taps' must be a list of names of taps");
  } else {
    for (const Json& name : defaults) {
      const std::string tap = known_tap(name.get<std::string>(), "default_taps", names, where);
      if (tap != "pixel") model.default_taps.push_back(tap);
    }
  }
  model.retrieval_tap = known_tap(string_field(object, "retrieval_tap", names.back(), where),
                                  "retrieval_tap", names, where);
}

ExecModel read_model(const Json& object, const std::string& where) {
  refuse_unknown_keys(
      object,
      {"name", "version", "description", "digest", "taps", "default_taps", "retrieval_tap",
       "preprocess", "batch", "frames_per_step", "untrained", "predictor"},
      where);
  ExecModel model;
  model.name = plain_name(object, "name", where);
  model.version = plain_name(object, "version", where);
  model.description =
      string_field(object, "description", "A model served by another process", where);
  model.digest = string_field(object, "digest", "", where);
  const bool is_digest = model.digest.size() == 64 &&
                         model.digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!model.digest.empty() && !is_digest) {
    throw Error(ErrorKind::kUsage, where,
                fmt::format("'digest' is '{}'; expected a SHA-256 in 64 lower-case hexadecimal "
                            "digits",
                            model.digest));
  }
  read_taps(object, where, model);
  PreprocessSpec as_decoded;  // without a word of the model: the frame's own bytes
  as_decoded.name = "exec";
  as_decoded.scale_to_unit = false;
  model.preprocess = read_preprocess(object_field(object, "preprocess", where), as_decoded, where);
  model.batch = integer_field(object, "batch", 0, 0, kLargest, where);
  model.frames_per_step = integer_field(object, "frames_per_step", 1, 1, 4096, where);
  model.has_untrained = boolean_field(object, "untrained", where);
  model.is_predictor = boolean_field(object, "predictor", where);
  return model;
}

}  // namespace

ExecOptions read_exec_options(const Json& config) {
  const std::string where = "exec.options";
  const Json options = object_field(config, "options", "exec");
  ExecOptions read;
  read.command = string_field(options, "command", "", where);
  if (read.command.find_first_not_of(" \t\n") == std::string::npos) {
    throw Error(ErrorKind::kUsage, where,
                "'command' is not set; for example {\"family\": \"exec\", \"options\": "
                "{\"command\": \"python3 my_model.py\"}}, or exec:\"python3 my_model.py\"");
  }
  if (options.contains("version")) read.version = plain_name(options, "version", where);
  if (options.contains("name")) read.name = plain_name(options, "name", where);
  read.device = string_field(options, "device", "", where);
  read.timeout_seconds =
      integer_field(options, "timeout_seconds", kDefaultSeconds, 0, kLongestSeconds, where);
  read.start_timeout_seconds =
      integer_field(options, "start_timeout_seconds", kDefaultSeconds, 0, kLongestSeconds, where);
  return read;
}

Json expand_exec_shorthand(const Json& config) {
  if (!config.is_object() || !config.contains("id") || !config.at("id").is_string()) return config;
  const std::string id = config.at("id").get<std::string>();
  if (id.rfind(kPrefix, 0) != 0) return config;
  Json expanded = config;
  expanded.erase("id");
  if (expanded.contains("family") && expanded.at("family") != "exec") {
    throw Error(ErrorKind::kUsage, "encoder config",
                fmt::format("'id' is '{}' but 'family' is {}", id, expanded.at("family").dump()));
  }
  expanded["family"] = "exec";
  Json options = object_field(expanded, "options", "exec");
  if (options.contains("command")) {
    throw Error(ErrorKind::kUsage, "exec.options",
                "'command' stands there and behind exec: as well; give it once");
  }
  options["command"] = id.substr(std::string(kPrefix).size());
  expanded["options"] = options;
  return expanded;
}

ExecModel parse_exec_model(const std::string& subject, const std::string& text) {
  const Json object = Json::parse(text, nullptr, false);
  if (object.is_discarded()) {
    throw Error(ErrorKind::kIncompatible, subject, "its description is not JSON");
  }
  try {
    return read_model(object, "model");
  } catch (const Error& error) {
    // The description comes from the other program, not from a flag of this one.
    throw Error(ErrorKind::kIncompatible, subject, error.what());
  }
}

std::string exec_model_canonical(const ExecModel& model) {
  Json taps = Json::array();
  for (const ExecTap& tap : model.taps) {
    taps.push_back({tap.info.name, tap.info.width, tap.prefix_tokens, tap.grid_height,
                    tap.grid_width, tap.is_pooled_by_first});
  }
  return Json{{"version", model.version},
              {"digest", model.digest},
              {"taps", taps},
              {"retrieval_tap", model.retrieval_tap},
              {"frames_per_step", model.frames_per_step}}
      .dump();
}

bool yields_bytes(const PreprocessSpec& spec) {
  const bool is_scaled = spec.scale_to_unit || spec.mean != std::array<double, 3>{0.0, 0.0, 0.0} ||
                         spec.stddev != std::array<double, 3>{1.0, 1.0, 1.0};
  return !is_scaled &&
         (spec.resize == ResizeRule::kNone || spec.arithmetic == ResampleArithmetic::kPillowUint8);
}

}  // namespace physprobe

#include "physprobe/encoders/encoder_factory.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/encoders/builtin.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/exec_model.h"
#include "physprobe/encoders/vit_checkpoint.h"

#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

const char* const kSubject = "encoder config";

/// What the options say about the file, for detecting its family.
VitRequest stated(const nlohmann::json& config) {
  const nlohmann::json options = object_field(config, "options", kSubject);
  VitRequest request;
  request.heads = integer_field(options, "heads", 0, 1, 65536, kSubject);
  request.checkpoint_key = string_field(options, "checkpoint_key", "", kSubject);
  return request;
}

std::string family_name(const nlohmann::json& config) {
  const std::string family = string_field(config, "family", "", kSubject);
  const std::string id = string_field(config, "id", "", kSubject);
  if (!family.empty() && !id.empty() && family != id) {
    throw Error(
        ErrorKind::kUsage, kSubject,
        "'family' is '" + family + "' but 'id' is '" + id + "'; both name the family, give one");
  }
  const std::string weights = string_field(config, "weights", "", kSubject);
  if (family.empty() && id.empty() && !weights.empty()) {
    return read_vit_facts(Checkpoint::open(weights), stated(config)).family;
  }
  if (family.empty() && id.empty()) {
    throw Error(ErrorKind::kUsage, kSubject,
                "names no encoder; set 'family', for example {\"family\": \"v1\"}, or 'weights' to "
                "have it read off a checkpoint");
  }
  return family.empty() ? id : family;
}

const BuiltinFamily& find_family(const std::string& name) {
  std::vector<std::string> names;
  for (const BuiltinFamily& entry : builtin_families()) {
    if (entry.family.name == name) return entry;
    names.push_back(entry.family.name);
  }
  throw Error(ErrorKind::kUsage, kSubject,
              "unknown encoder family '" + name + "'" + did_you_mean(name, names));
}

}  // namespace

std::string encoder_family_of(const nlohmann::json& config) {
  return find_family(family_name(config)).family.name;
}

const std::vector<EncoderFamily>& encoder_families() {
  static const std::vector<EncoderFamily> families = [] {
    std::vector<EncoderFamily> list;
    for (const BuiltinFamily& entry : builtin_families()) list.push_back(entry.family);
    return list;
  }();
  return families;
}

std::unique_ptr<Encoder> make_encoder(const nlohmann::json& given) {
  const nlohmann::json config = expand_exec_shorthand(given);
  refuse_unknown_keys(config, {"family", "id", "weights", "options", "preprocess"}, kSubject);
  const std::string name = family_name(config);
  const BuiltinFamily& entry = find_family(name);
  const nlohmann::json options = object_field(config, "options", kSubject);
  refuse_unknown_keys(options, entry.family.options, entry.family.name + ".options");
  const bool has_weights = !string_field(config, "weights", "", kSubject).empty();
  if (has_weights && !entry.family.needs_weights) {
    throw Error(ErrorKind::kUsage, entry.family.name,
                "has no trained weights; remove 'weights' (" + config.at("weights").dump() + ")");
  }
  // A family that can draw its weights has this option, and says itself when it is incomplete.
  if (!has_weights && entry.family.needs_weights && !options.contains("random_seed")) {
    throw Error(
        ErrorKind::kUsage, entry.family.name,
        "needs trained weights; set 'weights' to a safetensors file, its index or its folder");
  }
  return entry.make(config);
}

}  // namespace physprobe

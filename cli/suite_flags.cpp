#include "physprobe/cli/suite_flags.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/published_weights.h"
#include "physprobe/eval/yaml_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace physprobe {

namespace {

/// The family of "vjepa2_1_vitl_384", a name that begins with it.
std::string family_of_preset(const std::string& preset) {
  std::string longest;
  for (const EncoderFamily& family : encoder_families()) {
    const bool begins = preset.compare(0, family.name.size() + 1, family.name + "_") == 0;
    if (begins && family.name.size() > longest.size()) longest = family.name;
  }
  return longest;
}

}  // namespace

nlohmann::json encoder_config(const std::string& text) {
  if (text.rfind("exec:", 0) == 0) return {{"id", text}};
  const std::filesystem::path path(text);
  const std::string ending = path.extension().string();
  if (ending == ".yaml" || ending == ".yml") return nlohmann::json(read_yaml_as_json(text));
  for (const EncoderFamily& family : encoder_families()) {
    if (family.name == text) return {{"id", text}};
  }
  const PublishedWeights* const published = find_published_weights(text);
  if (published != nullptr) {
    nlohmann::json config = {{"weights", text}};
    if (text == published->preset) config["family"] = family_of_preset(text);
    const std::string preprocessing = published->preprocessing;
    if (!preprocessing.empty()) config["options"] = {{"preset", preprocessing}};
    return config;
  }
  // A name without a folder or ending that is no family is a misspelt one; what else is given means
  // weights.
  const bool is_weights =
      path.has_parent_path() || !ending.empty() || std::filesystem::exists(path);
  return {{is_weights ? "weights" : "id", text}};
}

nlohmann::json with_trust(nlohmann::json config) {
  if (config.value("family", config.value("id", std::string())) != "torchscript") return config;
  if (!config.contains("options") || config["options"].is_null())
    config["options"] = nlohmann::json::object();
  if (config["options"].is_object()) config["options"]["trust_model"] = true;
  return config;
}

void SuiteFlags::add(CLI::App& app) {
  app.add_option("suite", path, "Suite file (YAML), such as configs/suites/straightening.yaml")
      ->required();
  app.add_option("--set", set, "Override a field, such as sampling.n=16; repeatable")
      ->take_all()
      ->expected(1)
      ->type_name("KEY=VALUE");
  app.add_option(
         "--encoder", encoders,
         "Instead of the suite's encoders; repeatable: a family, weights (a path, or a name that "
         "`weights list` shows), the YAML file of an encoder, or exec:COMMAND, which serves "
         "a model (docs/exec_protocol.md)")
      ->take_all()
      ->expected(1)
      ->type_name("ENCODER");
  app.add_option("--columns", columns, "The manifest's names for ours, such as id=clip,path=file")
      ->type_name("OURS=THEIRS,...");
  app.add_option("--limit", limit, "Only the first N items")->check(above_zero())->type_name("N");
  app.add_option("--seed", seed, "Seed of resampling and nulls")
      ->check(zero_or_more())
      ->type_name("N");
  app.add_flag("--trust-model", trust_model,
               "Run TorchScript files: they are programs and may do anything");
  app.add_flag("--allow-outside-root", allow_outside_root,
               "Accept absolute paths, '..' and links that leave the data set");
}

Suite SuiteFlags::load() const {
  std::vector<std::string> overrides;
  // Before --set, so that --set encoders.0.taps=[norm] speaks of the encoder given here.
  if (!encoders.empty()) {
    nlohmann::json list = nlohmann::json::array();
    for (const std::string& encoder : encoders) list.push_back(encoder_config(encoder));
    overrides.push_back("encoders=" + list.dump());
  }
  overrides.insert(overrides.end(), set.begin(), set.end());
  if (limit >= 0) overrides.push_back(fmt::format("dataset.limit={}", limit));
  if (seed >= 0) overrides.push_back(fmt::format("statistics.seed={}", seed));
  if (allow_outside_root) overrides.push_back("dataset.allow_outside_root=true");
  std::istringstream pairs(columns);
  for (std::string pair; std::getline(pairs, pair, ',');) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
      throw Error(ErrorKind::kUsage, "--columns",
                  fmt::format("'{}' is not ours=theirs, such as id=clip_name", pair));
    }
    overrides.push_back(
        fmt::format("dataset.columns.{}='{}'", pair.substr(0, equals), pair.substr(equals + 1)));
  }
  Suite suite = load_suite(path, overrides);
  if (trust_model) {
    for (SuiteEncoder& encoder : suite.encoders)
      encoder.config = with_trust(nlohmann::json::parse(encoder.config)).dump();
  }
  return suite;
}

}  // namespace physprobe

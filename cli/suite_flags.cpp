#include "physprobe/cli/suite_flags.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/parity.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace physprobe {

void SuiteFlags::add(CLI::App& app) {
  app.add_option("suite", path, "Suite file (YAML), such as configs/suites/straightening.yaml")
      ->required();
  app.add_option("--set", set, "Override a field, such as sampling.n=16; repeatable")
      ->take_all()
      ->expected(1)
      ->type_name("KEY=VALUE");
  app.add_option("--encoder", encoders,
                 "Instead of the suite's encoders; repeatable: a family, a weights file, the "
                 "YAML file of an encoder, or exec:COMMAND, a model in a process of its own")
      ->take_all()
      ->expected(1)
      ->type_name("ENCODER");
  app.add_option("--columns", columns, "The manifest's names for ours, such as id=clip,path=file")
      ->type_name("OURS=THEIRS,...");
  app.add_option("--limit", limit, "Only the first N items")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--seed", seed, "Seed of resampling and nulls")
      ->check(CLI::NonNegativeNumber)
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
    for (const std::string& encoder : encoders) list.push_back(encoder_argument(encoder));
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

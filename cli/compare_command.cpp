#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/compare_pairs.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct CompareFlags {
  CommonFlags common;
  std::vector<std::string> runs;
};

/// How the runs of one family of protocols are set beside each other.
struct Comparison {
  const char* prefix;  ///< Protocol ids begin with it.
  Json (*compare)(const std::vector<nlohmann::json>&, const std::vector<std::string>&);
  std::string (*format)(const Json&);
};

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> list = {
      {"pairs/", compare_pair_runs, format_pair_comparison}};
  return list;
}

/// The run's protocol; of a run with several (videos), the first.
std::string protocol_of(const nlohmann::json& results) {
  if (results.contains("protocol")) return results.at("protocol").get<std::string>();
  const auto protocols = results.value("provenance", nlohmann::json::object())
                             .value("protocols", nlohmann::json::array());
  return protocols.empty() ? "" : protocols.front().get<std::string>();
}

int compare(const CompareFlags& flags, Invocation& invocation) {
  std::vector<nlohmann::json> results;
  const Comparison* chosen = nullptr;
  for (const std::string& run : flags.runs) {
    const std::string path = std::filesystem::is_directory(run) ? run + "/results.json" : run;
    results.push_back(read_json(path));
    const std::string protocol = protocol_of(results.back());
    const Comparison* found = nullptr;
    for (const Comparison& comparison : comparisons()) {
      if (protocol.rfind(comparison.prefix, 0) == 0) found = &comparison;
    }
    if (found == nullptr) {
      std::string known;
      for (const Comparison& comparison : comparisons())
        known += (known.empty() ? "" : ", ") + std::string(comparison.prefix) + "…";
      throw Error(ErrorKind::kIncompatible, run,
                  fmt::format("is of protocol '{}', for which there is no comparison; known: {}",
                              protocol, known));
    }
    if (chosen != nullptr && found != chosen) {
      throw Error(ErrorKind::kIncompatible, run,
                  fmt::format("is of protocol '{}', that of {} is '{}'; results of two protocols "
                              "are never set side by side",
                              protocol, flags.runs.front(), protocol_of(results.front())));
    }
    chosen = found;
  }
  Json comparison;
  try {
    comparison = chosen->compare(results, flags.runs);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, flags.runs.front(),
                std::string("a results.json lacks what a comparison needs: ") + error.what());
  }
  invocation.out << (flags.common.json ? dump_json_pretty(comparison) : chosen->format(comparison));
  return 0;
}

}  // namespace

void add_compare_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "compare", "Set finished runs of one protocol beside each other and among published results");
  auto flags = std::make_shared<CompareFlags>();
  command->add_option("runs", flags->runs, "Run folders, or results.json files")->required();
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return compare(*flags, invocation); };
  });
}

}  // namespace physprobe

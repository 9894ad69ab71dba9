#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/compare_straightening.h"
#include "physprobe/eval/minimal_pairs/compare_grouped.h"
#include "physprobe/eval/minimal_pairs/compare_pairs.h"
#include "physprobe/eval/physics_iq/comparison.h"
#include "physprobe/eval/voe/compare_surprise.h"
#include "physprobe/eval/voe/surprise_and_answers.h"

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
  std::vector<std::string> fail_if;
  int64_t samples = 20;
  BootstrapOptions statistics;
};

/// How the runs of one family of protocols are set beside each other.
struct Comparison {
  const char* prefix;  ///< Protocol ids begin with it.
  Json (*compare)(const std::vector<nlohmann::json>&, const std::vector<std::string>&);
  std::string (*format)(const Json&);
};

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> list = {
      {"pairs/", compare_pair_runs, format_pair_comparison},  // more special ones follow
      {"pairs/winoground-", compare_grouped_runs, format_grouped_comparison},
      {"pairs/vinoground-", compare_grouped_runs, format_grouped_comparison},
      {"pairs/naturalbench-", compare_grouped_runs, format_grouped_comparison},
      {"pairs/relative-", compare_grouped_runs, format_grouped_comparison},
      {"voe/", compare_surprise_runs, format_surprise_comparison},
      {"voe/inflevel", compare_grouped_runs, format_grouped_comparison}};
  return list;
}

/// The run's protocol; of a run with several (videos), the first.
std::string protocol_of(const nlohmann::json& results) {
  if (results.contains("protocol")) return results.at("protocol").get<std::string>();
  const auto protocols = results.value("provenance", nlohmann::json::object())
                             .value("protocols", nlohmann::json::array());
  return protocols.empty() ? "" : protocols.front().get<std::string>();
}

const Comparison& comparison_of(const std::string& run, const std::string& protocol) {
  const Comparison* found = nullptr;
  for (const Comparison& comparison : comparisons()) {
    if (protocol.rfind(comparison.prefix, 0) == 0) found = &comparison;
  }
  if (found != nullptr) return *found;
  std::string known;
  for (const Comparison& comparison : comparisons())
    known += std::string(comparison.prefix) + "…, ";
  known += "physics-iq/…, straightening/…";
  throw Error(ErrorKind::kIncompatible, run,
              fmt::format("is of protocol '{}', for which there is no comparison; known: {}",
                          protocol, known));
}

nlohmann::json read_results(const std::string& run) {
  return read_json(std::filesystem::is_directory(run) ? run + "/results.json" : run);
}

/// Two evaluations sample by sample; they are read from their folders.
int compare_videos(const CompareFlags& flags, Invocation& invocation) {
  if (flags.runs.size() != 2) {
    throw Error(ErrorKind::kUsage, "compare",
                fmt::format("{} evaluations are named, but Physics-IQ compares two, sample by "
                            "sample",
                            flags.runs.size()));
  }
  const Json comparison = compare_physics_iq(flags.runs[0], flags.runs[1], flags.statistics);
  std::string failed;  // asked before anything is printed: a condition may be malformed
  for (const std::string& condition : flags.fail_if)
    if (physics_iq_condition_holds(comparison, condition))
      failed += fmt::format("failed: {} holds\n", condition);
  invocation.out << (flags.common.json ? dump_json_pretty(comparison)
                                       : format_physics_iq_comparison(comparison, flags.samples));
  invocation.err << failed;
  return failed.empty() ? 0 : exit_code(ErrorKind::kCheckFailed);
}

/// An encoder's surprise and a language model's answers, pair by pair.
int compare_kinds(const CompareFlags& flags,
                  const std::string& surprise,
                  const std::string& answers,
                  Invocation& invocation) {
  const Json comparison = compare_surprise_with_answers(surprise, answers, flags.statistics);
  invocation.out << (flags.common.json ? dump_json_pretty(comparison)
                                       : format_surprise_and_answers(comparison));
  return 0;
}

/// Straightening, video by video; the runs are read from their folders.
int compare_suites(const CompareFlags& flags, Invocation& invocation) {
  for (const std::string& run : flags.runs) {
    const nlohmann::json results = read_results(run);
    if (is_straightening_run(results)) continue;
    throw Error(ErrorKind::kIncompatible, run,
                fmt::format("is of protocol '{}', {} probed straightening; results of two "
                            "protocols are never set side by side",
                            protocol_of(results), flags.runs.front()));
  }
  const Json comparison = compare_straightening_runs(flags.runs, flags.statistics);
  invocation.out << (flags.common.json ? dump_json_pretty(comparison)
                                       : format_straightening_comparison(comparison));
  return 0;
}

int compare(const CompareFlags& flags, Invocation& invocation) {
  const nlohmann::json first_results = read_results(flags.runs.front());
  if (protocol_of(first_results).rfind("physics-iq/", 0) == 0)
    return compare_videos(flags, invocation);
  if (!flags.fail_if.empty()) {
    throw Error(ErrorKind::kUsage, "--fail-if", "is known for Physics-IQ evaluations only");
  }
  if (is_straightening_run(first_results)) return compare_suites(flags, invocation);
  if (flags.runs.size() == 2) {
    const std::string first = protocol_of(read_results(flags.runs[0]));
    const std::string second = protocol_of(read_results(flags.runs[1]));
    if (is_surprise_protocol(first) && is_answer_protocol(second))
      return compare_kinds(flags, flags.runs[0], flags.runs[1], invocation);
    if (is_answer_protocol(first) && is_surprise_protocol(second))
      return compare_kinds(flags, flags.runs[1], flags.runs[0], invocation);
  }
  const Comparison& chosen = comparison_of(flags.runs.front(), protocol_of(first_results));
  std::vector<nlohmann::json> results;
  results.reserve(flags.runs.size());
  for (const std::string& run : flags.runs) {
    results.push_back(read_results(run));
    const std::string protocol = protocol_of(results.back());
    if (&comparison_of(run, protocol) == &chosen) continue;
    throw Error(ErrorKind::kIncompatible, run,
                fmt::format("is of protocol '{}', that of {} is '{}'; results of two protocols "
                            "are never set side by side",
                            protocol, flags.runs.front(), protocol_of(first_results)));
  }
  Json comparison;
  try {
    comparison = chosen.compare(results, flags.runs);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, flags.runs.front(),
                std::string("a results.json lacks what a comparison needs: ") + error.what());
  }
  invocation.out << (flags.common.json ? dump_json_pretty(comparison) : chosen.format(comparison));
  return 0;
}

}  // namespace

void add_compare_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "compare",
      "Set finished runs of one protocol beside each other and among published results; or a "
      "surprise run beside a language model's answers to the same pairs");
  auto flags = std::make_shared<CompareFlags>();
  command->add_option("runs", flags->runs, "Run folders, or results.json files")->required();
  command
      ->add_option("--fail-if", flags->fail_if,
                   "End with exit code 7 if this holds, such as \"score_drop>1.0\" (repeatable; "
                   "Physics-IQ)")
      ->take_all();
  command->add_option("--samples", flags->samples, "How many samples to print (Physics-IQ)")
      ->capture_default_str();
  command->add_option("--seed", flags->statistics.seed,
                      "Seed of the bootstrap (Physics-IQ, straightening)");
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return compare(*flags, invocation); };
  });
}

}  // namespace physprobe

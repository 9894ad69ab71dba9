#include "physprobe/cli/pair_score_flags.h"
#include "physprobe/cli/score_command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/pair_run_directory.h"
#include "physprobe/eval/minimal_pairs/score_mvp.h"
#include "physprobe/eval/minimal_pairs/submission.h"
#include "physprobe/report/pair_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <optional>

namespace physprobe {
namespace {

struct MvpFlags {
  PairScoreFlags pairs;
  MvpOptions options;
  std::vector<std::string> logs;
  bool keep_last = false;
  std::string submission;
  std::map<ControlKind, std::string> controls;
};

int score(const MvpFlags& flags, Invocation& invocation) {
  MvpOptions options = flags.options;
  options.scores = flags.pairs.options();
  options.threads = flags.pairs.common.threads;
  options.duplicates = flags.keep_last ? DuplicateRule::kKeepLast : DuplicateRule::kReport;
  for (const auto& [kind, path] : flags.controls) {
    if (!path.empty()) options.controls.emplace_back(kind, path);
  }
  std::optional<PairRunDirectory> directory;
  if (!flags.pairs.out.empty())
    directory.emplace(flags.pairs.out, flags.pairs.overwrite, invocation.arguments);
  std::size_t models = 0;
  const auto each_run = [&](const PairRun& run) {
    if (directory) directory->add_items(run);
    if (flags.submission.empty()) return;
    if (++models > 1) {
      throw Error(ErrorKind::kUsage, "--submission",
                  "writes the answers of one model, but several are given");
    }
    write_submission(run, flags.submission);
  };
  ModelProblems problems;
  const nlohmann::ordered_json results = score_mvp(flags.logs, options, each_run, problems);
  if (directory) {
    directory->finish(results, problems, invocation.arguments);
    if (!flags.pairs.no_report) {
      const std::string report = write_pair_report(flags.pairs.out);
      if (!flags.pairs.common.quiet) invocation.err << "report: " << report << "\n";
    }
  }
  if (flags.pairs.common.json) {
    invocation.out << dump_json_pretty(results);
  } else {
    invocation.out << format_pair_scores(results);
  }
  print_pair_problems(problems, invocation);
  return problems.empty() ? 0 : exit_code(ErrorKind::kPartial);
}

}  // namespace

void add_score_mvp(CLI::App& parent, Invocation& invocation) {
  CLI::App* command = parent.add_subcommand(
      "mvp", "MVP (minimal video pairs): rescore sample logs, submissions or tables");
  auto flags = std::make_shared<MvpFlags>();
  command
      ->add_option("logs", flags->logs,
                   "Logs, folders of a model's logs, or folders of such folders; NAME=PATH names a "
                   "model")
      ->required();
  command->add_option("--annotations", flags->options.annotations,
                      "The benchmark's annotations (.jsonl files or folders), joined by id");
  command->add_option("--cluster-by", flags->options.cluster_field,
                      "Annotation field whose values are independent units (a scene)");
  command
      ->add_option("--parser", flags->pairs.parser,
                   "Rule that decides the scores: strict (the benchmark's) or robust; both are "
                   "reported")
      ->check(CLI::IsMember({"strict", "robust"}))
      ->capture_default_str();
  command->add_flag("--latest", flags->options.search.latest_only,
                    "Of several logs of one task take the latest");
  command->add_flag("--keep-last", flags->keep_last, "Of repeated ids keep the last");
  command->add_option("--submission", flags->submission,
                      "Write the leaderboard's files into this folder");
  command->add_option("--blind", flags->controls[ControlKind::kBlind],
                      "Log of the same model without video");
  command->add_option("--single-frame", flags->controls[ControlKind::kSingleFrame],
                      "Log with one frame");
  command->add_option("--shuffled-frames", flags->controls[ControlKind::kShuffledFrames],
                      "Log with frames in random order");
  command->add_option("--swapped-options", flags->controls[ControlKind::kSwappedOptions],
                      "Log with the two answers in the other order");
  flags->pairs.add(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return score(*flags, invocation); };
  });
}

}  // namespace physprobe

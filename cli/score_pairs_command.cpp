#include "physprobe/cli/pair_score_flags.h"
#include "physprobe/cli/score_command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/grouped_document.h"
#include "physprobe/eval/minimal_pairs/pair_run_directory.h"
#include "physprobe/eval/minimal_pairs/score_pair_table.h"
#include "physprobe/report/pair_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct TableFlags {
  PairScoreFlags pairs;
  PairTableOptions options;
  std::vector<std::string> tables;
  std::vector<std::string> columns;
  std::vector<std::string> annotations;
  std::string answers = "letters";
  std::string lower = "possible";

  PairTableOptions resolved() const {
    PairTableOptions resolved = options;
    resolved.scores = pairs.options();
    resolved.threads = pairs.common.threads;
    resolved.rule = answers == "possible" ? PredictionRule::kPlausible
                    : answers == "yes-no" ? PredictionRule::kYesNo
                                          : PredictionRule::kMvp;
    resolved.lower_is_possible = lower == "possible";
    resolved.table.columns = column_mapping(columns);
    return resolved;
  }
};

int finish(const TableFlags& flags,
           const Json& results,
           const std::string& text,
           const ModelProblems& problems,
           Invocation& invocation) {
  invocation.out << (flags.pairs.common.json ? dump_json_pretty(results) : text);
  print_pair_problems(problems, invocation);
  return problems.empty() ? 0 : exit_code(ErrorKind::kPartial);
}

/// Scores with `score`, which is given what takes the items of each kind of run, and finishes the
/// run directory and its report if one was asked for.
using ScoreTables = std::function<Json(
    const std::function<void(const PairRun&)>&, const EachGroupedRun&, ModelProblems&)>;

int score_tables(const TableFlags& flags, const ScoreTables& score, Invocation& invocation) {
  std::optional<PairRunDirectory> directory;
  if (!flags.pairs.out.empty())
    directory.emplace(flags.pairs.out, flags.pairs.overwrite, invocation.arguments);
  ModelProblems problems;
  bool is_grouped = false;
  const Json results = score(
      [&](const PairRun& run) {
        if (directory) directory->add_items(run);
      },
      [&](const GroupedProtocol& protocol, const GroupedRun& run) {
        is_grouped = true;
        if (directory) directory->add_item_lines(grouped_item_lines(protocol, run));
      },
      problems);
  if (directory) {
    directory->finish(results, problems, invocation.arguments);
    if (!flags.pairs.no_report) {
      const std::string report = write_pair_report(flags.pairs.out);
      if (!flags.pairs.common.quiet) invocation.err << "report: " << report << "\n";
    }
  }
  return finish(flags, results,
                is_grouped ? format_flat_scores(results) : format_pair_scores(results), problems,
                invocation);
}

CLI::App* add_table_command(CLI::App& parent,
                            const char* name,
                            const char* description,
                            const std::shared_ptr<TableFlags>& flags,
                            const char* tables) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("tables", flags->tables, tables)->required();
  command->add_option("--columns", flags->columns, "Names of columns: OURS=THEIRS")->delimiter(',');
  return command;
}

void add_grouped(CLI::App& parent,
                 Invocation& invocation,
                 const char* name,
                 const char* description,
                 const char* tables,
                 const GroupedProtocol& protocol) {
  auto flags = std::make_shared<TableFlags>();
  CLI::App* command = add_table_command(parent, name, description, flags, tables);
  if (protocol.id == vinoground_protocol().id) {
    command->add_option("--annotations", flags->annotations,
                        "The benchmark's textscore and videoscore files, for logs that lack the "
                        "right answers");
  }
  flags->pairs.add_output(*command);
  flags->pairs.add_statistics(*command);
  flags->pairs.common.add_json(*command);
  flags->pairs.common.add_execution(*command);
  command->callback([flags, &protocol, &invocation] {
    invocation.action = [flags, &protocol, &invocation] {
      return score_tables(
          *flags,
          [&](const auto& /*each_run*/, const EachGroupedRun& each, ModelProblems& problems) {
            return score_grouped_tables(protocol, flags->tables,
                                        {flags->resolved().table, flags->annotations},
                                        flags->pairs.scores.bootstrap, each, problems);
          },
          invocation);
    };
  });
}

void add_answer_tables(CLI::App& parent,
                       Invocation& invocation,
                       const char* name,
                       const char* description,
                       const char* protocol,
                       const char* answers) {
  auto flags = std::make_shared<TableFlags>();
  flags->options.protocol = protocol;
  flags->answers = answers;
  CLI::App* command = add_table_command(
      parent, name, description, flags,
      "CSV or JSONL tables, one model each: id, label, prediction or score, optionally pair, task, "
      "source, question, A, B; NAME=PATH names a model");
  command
      ->add_option("--answers", flags->answers,
                   "How free-text predictions are read: letters (MVP's rule), possible, yes-no")
      ->check(CLI::IsMember({"letters", "possible", "yes-no"}))
      ->capture_default_str();
  command
      ->add_option("--parser", flags->pairs.parser,
                   "For letters: strict (MVP's rule) or robust; both are reported")
      ->check(CLI::IsMember({"strict", "robust"}))
      ->capture_default_str();
  command
      ->add_option("--lower-is", flags->lower,
                   "With a score column: which clip of a pair should score lower")
      ->check(CLI::IsMember({"possible", "impossible"}))
      ->capture_default_str();
  command->add_option("--cluster-by", flags->options.table.cluster_field,
                      "Column whose values are independent units (a scene)");
  flags->pairs.add(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      return score_tables(
          *flags,
          [&](const auto& each_run, const EachGroupedRun& each_relative, ModelProblems& problems) {
            return score_pair_tables(flags->tables, flags->resolved(), each_run, problems,
                                     each_relative);
          },
          invocation);
    };
  });
}

void add_consistency(CLI::App& parent, Invocation& invocation) {
  auto flags = std::make_shared<TableFlags>();
  CLI::App* command = add_table_command(
      parent, "error-consistency",
      "Do two systems err on the same items? Kappa with its interval, from two tables of answers",
      flags, "Two tables: id, label, prediction; NAME=PATH names a system");
  command->get_option("tables")->expected(2);
  command->add_option("--answers", flags->answers, "How free-text predictions are read")
      ->check(CLI::IsMember({"letters", "possible", "yes-no"}))
      ->capture_default_str();
  flags->pairs.scores.bootstrap.resamples = 10'000;  // the reference's number
  command->add_option("--resamples", flags->pairs.scores.bootstrap.resamples, "Bootstrap resamples")
      ->capture_default_str();
  command->add_option("--seed", flags->pairs.scores.bootstrap.seed, "Seed")->capture_default_str();
  flags->pairs.common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      ModelProblems problems;
      const Json results =
          score_error_consistency(flags->tables[0], flags->tables[1], flags->resolved(), problems);
      const Json& items = results.at("items");
      const Json& interval = items.at("interval");
      std::string text = fmt::format("{} items ({} of one system only)\n", items.at("n").dump(),
                                     results.at("n_unshared").dump());
      text +=
          fmt::format("kappa {} [{}, {}], observed {}, expected {}, p against independence {}\n",
                      items.at("kappa").dump(), interval.at("low").dump(),
                      interval.at("high").dump(), items.at("observed").dump(),
                      items.at("expected").dump(), items.at("independence_p").dump());
      return finish(*flags, results, text, problems, invocation);
    };
  });
}

}  // namespace

void add_score_pairs(CLI::App& parent, Invocation& invocation) {
  add_answer_tables(parent, invocation, "pairs",
                    "Any minimal pairs: tables with id, pair, label and prediction or score",
                    "pairs/generic-1", "letters");
  add_answer_tables(parent, invocation, "intphys2",
                    "IntPhys 2 possible/impossible answers, with the harness's rule",
                    "pairs/intphys2-1", "possible");
  add_grouped(parent, invocation, "winoground", "Winoground text, image and group score",
              "Models, one table each: CSV with s00, s01, s10, s11, or safetensors (N,2,2): "
              "s[caption][visual]; NAME=PATH names a model",
              winoground_protocol());
  add_grouped(parent, invocation, "vinoground", "Vinoground text, video and group score",
              "Models, one table or sample log each: id <n>_pos|neg_text|video, prediction, label; "
              "NAME=PATH names a model",
              vinoground_protocol());
  add_grouped(parent, invocation, "naturalbench", "NaturalBench Acc, Q_Acc, I_Acc, G_Acc",
              "Models, one table or sample log each: id <n>_q0i0 … <n>_q1i1, prediction; task "
              "multiple_choice or yes_no; NAME=PATH names a model",
              naturalbench_protocol());
  add_consistency(parent, invocation);
}

}  // namespace physprobe

#include "physprobe/cli/pair_score_flags.h"
#include "physprobe/cli/score_command.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/grouped_document.h"
#include "physprobe/eval/minimal_pairs/pair_run_directory.h"
#include "physprobe/eval/voe/inflevel_score.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct InfLevelFlags {
  PairScoreFlags pairs;
  std::vector<std::string> tables;
  std::string column = "score";
  bool is_surprise = false;
  int64_t permutations = 1000;
};

std::string text_of(const Json& results) {
  std::string text = format_flat_scores(results);
  for (const Json& model : results.at("models")) {
    for (const Json& group : model.at("incomplete"))
      text += "  left out: " + group.get<std::string>() + "\n";
  }
  return text;
}

int score_inflevel(const InfLevelFlags& flags, Invocation& invocation) {
  const BootstrapOptions bootstrap = flags.pairs.options().bootstrap;
  std::vector<InfLevelTable> tables;
  std::vector<InfLevelScore> scores;
  for (const std::string& path : flags.tables) {
    tables.push_back(read_inflevel_scores(path, flags.column, flags.is_surprise));
    scores.push_back(inflevel_score(tables.back(), flags.permutations, bootstrap));
  }
  const Json results = inflevel_json(tables, scores, flags.permutations, bootstrap);
  if (!flags.pairs.out.empty()) {
    PairRunDirectory directory(flags.pairs.out, flags.pairs.overwrite);
    std::string lines;
    for (const InfLevelTable& table : tables) {
      for (const InfLevelGroup& group : table.groups)
        lines += dump_json(Json{{"file", table.file},
                                {"id", group.name},
                                {"real", group.real},
                                {"magic", group.magic}}) +
                 "\n";
    }
    directory.add_item_lines(lines);
    directory.finish(results, {}, invocation.arguments);
  }
  invocation.out << (flags.pairs.common.json ? dump_json_pretty(results) : text_of(results));
  return 0;
}

}  // namespace

void add_score_inflevel(CLI::App& parent, Invocation& invocation) {
  CLI::App* command = parent.add_subcommand(
      "inflevel", "InfLevel's own plausibility score: real against magic events of one set-up");
  auto flags = std::make_shared<InfLevelFlags>();
  command
      ->add_option("tables", flags->tables,
                   "CSV or TSV, one a principle and model: camera_loc, cover, obj, trial_type, dir "
                   "(if any), and the score")
      ->required();
  command->add_option("--score-column", flags->column, "Column of the score, large for plausible")
      ->capture_default_str();
  command->add_flag("--surprise", flags->is_surprise, "The column is large for implausible events");
  command->add_option("--permutations", flags->permutations, "Permutations of each set-up's scores")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
      ->capture_default_str();
  flags->pairs.add_statistics(*command);
  command->add_option("--out", flags->pairs.out,
                      "Write results.json, results.csv, items.jsonl here");
  command->add_flag("--overwrite", flags->pairs.overwrite, "Replace results in --out");
  flags->pairs.common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return score_inflevel(*flags, invocation); };
  });
}

}  // namespace physprobe

#include "physprobe/cli/pair_score_flags.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

namespace physprobe {
namespace {

/// At most this many problems of a kind are printed; all stand in the JSON and in failures.jsonl.
constexpr std::size_t kMostPrinted = 5;

}  // namespace

void PairScoreFlags::add_output(CLI::App& app) {
  app.add_option("--out", out, "Folder for results.json, results.csv, items.jsonl and the report");
  app.add_flag("--overwrite", overwrite, "Replace the results in --out");
  app.add_flag("--no-report", no_report, "Do not render report.html");
}

void PairScoreFlags::add_statistics(CLI::App& app) {
  app.add_option("--resamples", scores.bootstrap.resamples, "Bootstrap resamples")
      ->capture_default_str();
  app.add_option("--seed", scores.bootstrap.seed, "Seed of the bootstrap")
      ->check(zero_or_more())
      ->capture_default_str();
  app.add_option("--level", scores.bootstrap.level, "Confidence level")->capture_default_str();
}

void PairScoreFlags::add(CLI::App& app) {
  add_output(app);
  app.add_flag("--drop-incomplete", scores.drop_incomplete,
               "Leave pairs without exactly two items out instead of counting them as wrong");
  add_statistics(app);
  common.add_json(app);
  common.add_execution(app);
}

PairScoreOptions PairScoreFlags::options() const {
  PairScoreOptions options = scores;
  options.rule = parser == "robust" ? AnswerRule::kRobust : AnswerRule::kStrict;
  return options;
}

std::map<std::string, std::string> column_mapping(const std::vector<std::string>& given) {
  std::map<std::string, std::string> columns;
  for (const std::string& mapping : given) {
    const std::size_t equals = mapping.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(ErrorKind::kUsage, "--columns", "'" + mapping + "' is not OURS=THEIRS");
    columns[mapping.substr(0, equals)] = mapping.substr(equals + 1);
  }
  return columns;
}

void print_pair_problems(const ModelProblems& problems, Invocation& invocation) {
  std::map<std::string, std::size_t> counts;
  std::set<std::tuple<std::string, std::string, int64_t, std::string, std::string>> said;
  for (const auto& [model, problem] : problems) {
    // A pair that cannot be judged is missing from the model and from every null beside it.
    if (!said.emplace(problem.kind, problem.file, problem.line, problem.id, problem.text).second)
      continue;
    const std::size_t count = ++counts[problem.kind];
    if (count > kMostPrinted) continue;
    std::string where = problem.file;
    if (problem.line > 0) where += fmt::format(":{}", problem.line);
    if (!problem.id.empty()) where += (where.empty() ? "" : ": ") + problem.id;
    invocation.err << fmt::format("{}: {}: {}\n", problem.kind, where, problem.text);
  }
  for (const auto& [kind, count] : counts) {
    invocation.err << fmt::format(
        "{}: {}{}\n", kind, count,
        count > kMostPrinted ? " (all are listed with --json and --out)" : "");
  }
}

}  // namespace physprobe

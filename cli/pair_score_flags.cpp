#include "physprobe/cli/pair_score_flags.h"

namespace physprobe {

void PairScoreFlags::add(CLI::App& app) {
  app.add_option("--out", out, "Folder for results.json, results.csv, items.jsonl and the report");
  app.add_flag("--overwrite", overwrite, "Replace the results in --out");
  app.add_flag("--no-report", no_report, "Do not render report.html");
  app.add_flag("--drop-incomplete", scores.drop_incomplete,
               "Leave pairs without exactly two items out instead of counting them as wrong");
  app.add_option("--resamples", scores.bootstrap.resamples, "Bootstrap resamples")
      ->capture_default_str();
  app.add_option("--seed", scores.bootstrap.seed, "Seed of the bootstrap")->capture_default_str();
  app.add_option("--level", scores.bootstrap.level, "Confidence level")->capture_default_str();
  common.add_json(app);
  common.add_execution(app);
}

PairScoreOptions PairScoreFlags::options() const {
  PairScoreOptions options = scores;
  options.rule = parser == "robust" ? AnswerRule::kRobust : AnswerRule::kStrict;
  return options;
}

}  // namespace physprobe

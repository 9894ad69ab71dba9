#include "physprobe/eval/minimal_pairs/pair_run_directory.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/run_seal.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

Json letter_or_null(int answer) {
  return answer == 0 ? Json("A") : answer == 1 ? Json("B") : Json();
}

bool was_made_by(const std::string& run_json, const std::vector<std::string>& command_line) {
  if (command_line.empty() || !fs::exists(run_json)) return false;
  const nlohmann::json run = read_json(run_json);
  return run.is_object() && run.value("command_line", nlohmann::json()) == command_line;
}

/// Whether a command that writes a report was killed between its results and the report's digest.
bool lacks_its_report(const RunPaths& paths, const std::vector<std::string>& command_line) {
  return std::find(command_line.begin(), command_line.end(), "--no-report") == command_line.end() &&
         read_file(paths.complete).find("  report.html\n") == std::string::npos;
}

}  // namespace

std::string item_lines(const PairRun& run) {
  std::string text;
  for (const PairTask& task : run.tasks) {
    for (const PairItem& item : task.items) {
      const Verdict& strict = item.verdict(AnswerRule::kStrict);
      const Verdict& robust = item.verdict(AnswerRule::kRobust);
      text += dump_json(Json{{"model", run.model},
                             {"task", task.name},
                             {"id", item.id},
                             {"pair", item.pair},
                             {"source", item.source},
                             {"question", item.question},
                             {"candidates", item.candidates},
                             {"response", item.response},
                             {"right_answer", letter_or_null(item.label)},
                             {"strict", letter_or_null(strict.prediction)},
                             {"robust", letter_or_null(robust.prediction)},
                             {"strict_is_right", strict.is_right},
                             {"robust_is_right", robust.is_right}});
      text += '\n';
    }
  }
  return text;
}

PairRunDirectory::PairRunDirectory(std::string directory,
                                   bool overwrite,
                                   const std::vector<std::string>& command_line,
                                   bool may_be_repeated)
    : directory_(std::move(directory)) {
  const RunPaths paths(directory_);
  if (!overwrite) refuse_run_of_another_kind(paths, RunKind::kPairs);
  create_directories(directory_);
  lock_.emplace(directory_);
  // Results without COMPLETE are what a killed command left.
  if (fs::exists(paths.complete) && !overwrite &&
      !(was_made_by(paths.run_json, command_line) &&
        (may_be_repeated || lacks_its_report(paths, command_line)))) {
    throw Error(ErrorKind::kUsage, directory_,
                "holds results already; choose another --out, or --overwrite to replace them");
  }
  std::error_code ignored;
  for (const std::string& file : {paths.complete, paths.items, paths.failures, paths.results_json,
                                  paths.results_csv, paths.run_json})
    fs::remove(file, ignored);
  remove_leftover_temporaries(directory_);
  remove_leftover_temporaries_below(paths.media);
}

void PairRunDirectory::add_items(const PairRun& run) {
  add_item_lines(item_lines(run));
}

void PairRunDirectory::add_item_lines(const std::string& lines) {
  AppendFile(RunPaths(directory_).items).append(lines);
}

void PairRunDirectory::finish(const nlohmann::ordered_json& results,
                              const std::vector<std::pair<std::string, PairProblem>>& problems,
                              const std::vector<std::string>& command_line,
                              const std::vector<std::string>& more_files) {
  const RunPaths paths(directory_);
  std::string failures;
  for (const auto& [model, problem] : problems) {
    failures += dump_json(Json{{"model", model},
                               {"kind", problem.kind},
                               {"file", problem.file},
                               {"line", problem.line > 0 ? Json(problem.line) : Json()},
                               {"id", problem.id},
                               {"message", problem.text}});
    failures += '\n';
  }
  write_file_atomic(paths.failures, failures);
  write_file_atomic(paths.results_json, dump_json_pretty(results));
  write_file_atomic(paths.results_csv, pair_scores_csv(results.at("scores")));
  write_file_atomic(paths.run_json,
                    self_sealed_json(Json{{"schema", 1},
                                          {"name", results.at("name")},
                                          {"producer", std::string("physprobe ") + version()},
                                          {"command_line", command_line}}));
  if (!fs::exists(paths.items)) write_file_atomic(paths.items, "");  // nothing could be scored
  std::vector<std::string> files = {"failures.jsonl", "items.jsonl", "results.csv", "results.json"};
  files.insert(files.end(), more_files.begin(), more_files.end());
  write_digest_list(directory_, "COMPLETE", files);
}

}  // namespace physprobe

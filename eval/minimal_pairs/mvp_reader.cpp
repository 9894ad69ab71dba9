#include "physprobe/eval/minimal_pairs/mvp_reader.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/parallel.h"
#include "physprobe/eval/minimal_pairs/answer_table.h"
#include "physprobe/eval/minimal_pairs/mvp_rows.h"
#include "physprobe/eval/minimal_pairs/text_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace physprobe {
namespace {

/// "mvp_mini" of "mvp_mini_intuitive_physics"; "" when it is none of MVP's tasks.
std::string subset_of(const std::string& task) {
  for (const std::string& subset : mvp_subsets()) {
    for (const std::string& name : mvp_tasks()) {
      if (task == subset + "_" + name) return subset;
    }
  }
  return "";
}

std::string known_tasks(const std::string& task) {
  std::vector<std::string> known;
  for (const std::string& subset : mvp_subsets()) {
    for (const std::string& name : mvp_tasks()) known.push_back(subset + "_" + name);
  }
  return did_you_mean(task, known);
}

/// What one block of lines gave, in order.
struct BlockResult {
  std::vector<PairItem> items;
  std::vector<PairProblem> problems;
};

class RunReader {
 public:
  RunReader(const ModelFiles& files, const MvpReadOptions& options)
      : files_(files), options_(options) {
    run_.model = files.model;
  }

  PairRun read() {
    for (const LogFile& log : files_.logs) {
      run_.files.push_back(log.path);
      try {
        if (log.kind == LogKind::kHarness) read_harness(log);
        if (log.kind == LogKind::kSubmission) read_submission(log);
        if (log.kind == LogKind::kTable) read_table(log);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::kUsage) throw;
        problem("unreadable log", log.path, 0, "", error.message());
      }
    }
    for (auto& [name, items] : tasks_) {
      PairTask task{name, subset_of(name), std::move(items)};
      settle_duplicates(task);
      run_.tasks.push_back(std::move(task));
    }
    check_totals();
    return std::move(run_);
  }

 private:
  void problem(const char* kind,
               const std::string& file,
               int64_t line,
               const std::string& id,
               const std::string& text) {
    run_.problems.push_back({kind, file, line, id, text});
  }

  /// The items of a task, or null (then reported) when it is none of MVP's.
  std::vector<PairItem>* task_named(const std::string& name, const std::string& file) {
    if (subset_of(name).empty()) {
      if (name.empty()) {
        problem("unknown task", file, 0, "",
                "the task is told neither by the file's name (<date>_samples_<task>.jsonl) nor by "
                "its rows");
      } else {
        problem("unknown task", file, 0, "",
                fmt::format("'{}' is no task of MVP{}", name, known_tasks(name)));
      }
      return nullptr;
    }
    return &tasks_[name];
  }

  void read_harness(const LogFile& log) {
    std::vector<PairItem>* task = task_named(log.task, log.path);
    if (task == nullptr) return;
    const std::string text = read_file(log.path);
    const std::vector<LineBlock> blocks = line_blocks(text);
    std::vector<BlockResult> results(blocks.size());
    parallel_for(static_cast<int64_t>(blocks.size()), options_.threads, [&](int64_t block) {
      read_block(blocks[static_cast<std::size_t>(block)], log.path,
                 results[static_cast<std::size_t>(block)]);
    });
    std::size_t count = task->size();
    for (const BlockResult& result : results) count += result.items.size();
    task->reserve(count);
    for (BlockResult& result : results) {
      std::move(result.items.begin(), result.items.end(), std::back_inserter(*task));
      std::move(result.problems.begin(), result.problems.end(), std::back_inserter(run_.problems));
    }
    if (blocks.empty()) problem("empty log", log.path, 0, "", "the file holds no lines");
  }

  void read_block(const LineBlock& block, const std::string& path, BlockResult& result) const {
    int64_t line = 0;
    const ReportDefect report = [&](const char* kind, const std::string& id,
                                    const std::string& text) {
      result.problems.push_back({kind, path, line, id, text});
    };
    for_each_line(block, [&](int64_t number, std::string_view content) {
      line = number;
      HarnessRow row;
      const std::string defect = read_harness_row(content, row);
      if (!defect.empty()) {
        report("broken line", "", defect);
        return;
      }
      PairItem item;
      if (item_of_harness_row(row, options_.annotations, report, item))
        result.items.push_back(std::move(item));
    });
  }

  void read_submission(const LogFile& log) {
    const std::string text = read_file(log.path);
    for (const LineBlock& block : line_blocks(text)) {
      for_each_line(block, [&](int64_t line, std::string_view content) {
        const nlohmann::json row =
            nlohmann::json::parse(content.begin(), content.end(), nullptr, false);
        const auto field = [&](const char* key) {
          const auto found = row.find(key);
          return found != row.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
        };
        if (!row.is_object()) {
          problem("broken line", log.path, line, "", "is no JSON object");
          return;
        }
        const std::string id = field("row_id");
        if (id.empty() || !row.contains("model_answer") || field("task").empty() ||
            field("data_name").empty()) {
          problem("missing key", log.path, line, id,
                  "a submission's row needs data_name, row_id, model_answer and task");
          return;
        }
        const std::string name = field("data_name") + "_" + field("task");
        if (subset_of(name).empty()) {
          problem("unknown task", log.path, line, id,
                  fmt::format("'{}' is no task of MVP{}", name, known_tasks(name)));
          return;
        }
        PairItem item;
        const ReportDefect report = [&](const char* kind, const std::string& about,
                                        const std::string& what) {
          problem(kind, log.path, line, about, what);
        };
        if (item_of_submission(id, field("model_answer"), options_.annotations, report, item))
          tasks_[name].push_back(std::move(item));
      });
    }
  }

  void read_table(const LogFile& log) {
    for (AnswerRow& row : read_answer_table(log.path, {}, run_.problems)) {
      if (subset_of(row.task).empty()) {
        problem("unknown task", log.path, row.line, row.id,
                fmt::format("'{}' is no task of MVP{}", row.task, known_tasks(row.task)));
        continue;
      }
      if (!row.prediction) {
        problem("missing key", log.path, row.line, row.id, "has no prediction");
        continue;
      }
      const Annotation* annotation =
          options_.annotations == nullptr ? nullptr : options_.annotations->find(row.id);
      PairItem item;
      item.id = row.id;
      item.pair = row.pair.empty() ? pair_stem(row.id) : row.pair;
      item.source = annotation != nullptr ? annotation->source : row.source;
      item.cluster = annotation != nullptr ? annotation->cluster : row.cluster;
      item.question = annotation != nullptr ? annotation->question : row.question;
      item.candidates = annotation != nullptr ? annotation->candidates : row.candidates;
      item.label =
          annotation != nullptr ? annotation->label : answer_index(row.label, item.candidates);
      if (item.label == kUnparsed) {
        problem(row.label.empty() ? "missing key" : "answer not among the candidates", log.path,
                row.line, row.id,
                row.label.empty()
                    ? "has no label, and no annotation of this id is given"
                    : fmt::format("the right answer '{}' is no candidate", row.label));
        continue;
      }
      // An index or a candidate's text says what it says; anything else is a response.
      const int index = candidate_index(item.candidates, *row.prediction);
      if (index != kUnparsed || *row.prediction == "0" || *row.prediction == "1") {
        const int answer = index != kUnparsed ? index : *row.prediction == "1" ? 1 : 0;
        item.verdicts = {Verdict{answer, answer == item.label},
                         Verdict{answer, answer == item.label}};
        item.response = *row.prediction;
      } else {
        judge_response(*row.prediction, item);
      }
      tasks_[row.task].push_back(std::move(item));
    }
  }

  void settle_duplicates(PairTask& task) {
    std::unordered_map<std::string, std::size_t> last;
    std::vector<bool> is_dropped(task.items.size(), false);
    for (std::size_t i = 0; i < task.items.size(); ++i) {
      const PairItem& item = task.items[i];
      const auto [known, is_new] = last.emplace(item.id, i);
      if (is_new) continue;
      const PairItem& before = task.items[known->second];
      const Verdict& now = item.verdict(AnswerRule::kStrict);
      const Verdict& then = before.verdict(AnswerRule::kStrict);
      const bool contradicts = now.prediction != then.prediction || item.label != before.label;
      const bool keeps_last = options_.duplicates == DuplicateRule::kKeepLast;
      if (!keeps_last || contradicts) {
        problem(contradicts ? "contradictory duplicate" : "duplicate", task.name, 0, item.id,
                fmt::format("is there more than once{}; {}",
                            contradicts ? " with different answers" : "",
                            keeps_last ? "the last one is used"
                                       : "all count, and the pair is incomplete; keep the last of "
                                         "each with --keep-last"));
      }
      if (keeps_last) is_dropped[known->second] = true;
      known->second = i;
    }
    if (options_.duplicates != DuplicateRule::kKeepLast) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < task.items.size(); ++i) {
      if (is_dropped[i]) continue;
      if (kept != i) task.items[kept] = std::move(task.items[i]);
      ++kept;
    }
    if (kept < task.items.size()) {
      run_.notes.push_back(fmt::format("{}: {} rows were repeated later and left out.", task.name,
                                       task.items.size() - kept));
      task.items.resize(kept);
    }
  }

  /// The harness's own totals, rounded as it writes them, against the items.
  void check_totals() {
    for (const std::string& path : files_.totals) {
      const nlohmann::json totals = nlohmann::json::parse(read_file(path), nullptr, false);
      if (!totals.is_object() || !totals.contains("results") || !totals["results"].is_object())
        continue;
      for (const PairTask& task : run_.tasks) {
        const auto found = totals["results"].find(task.name);
        if (found == totals["results"].end() || !found->is_object()) continue;
        const auto recorded = found->find("single_accuracy,none");
        if (recorded == found->end() || !recorded->is_number() || task.items.empty()) continue;
        int64_t right = 0;
        for (const PairItem& item : task.items)
          right += item.verdict(AnswerRule::kStrict).is_right ? 1 : 0;
        const double ours =
            100.0 * static_cast<double>(right) / static_cast<double>(task.items.size());
        // Totals are printed with four digits after the point at least.
        if (std::abs(recorded->get<double>() - ours) > 1e-4) {
          problem("disagreement", path, 0, task.name,
                  fmt::format("records a single accuracy of {}, its log gives {:.6f}; the log is "
                              "used",
                              recorded->get<double>(), ours));
        }
      }
    }
  }

  const ModelFiles& files_;
  const MvpReadOptions& options_;
  PairRun run_;
  std::map<std::string, std::vector<PairItem>> tasks_;
};

}  // namespace

const std::vector<std::string>& mvp_tasks() {
  static const std::vector<std::string> tasks = {"human_object_interactions",
                                                 "robot_object_interactions", "intuitive_physics",
                                                 "temporal_reasoning"};
  return tasks;
}

const std::vector<std::string>& mvp_subsets() {
  static const std::vector<std::string> subsets = {"mvp_mini", "mvp"};
  return subsets;
}

PairRun read_mvp_run(const ModelFiles& files, const MvpReadOptions& options) {
  return RunReader(files, options).read();
}

}  // namespace physprobe

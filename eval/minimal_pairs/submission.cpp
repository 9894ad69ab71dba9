#include "physprobe/eval/minimal_pairs/submission.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {

std::vector<std::string> write_submission(const PairRun& run, const std::string& folder) {
  std::string without_candidates;
  std::size_t count = 0;
  for (const PairTask& task : run.tasks) {
    for (const PairItem& item : task.items) {
      if (!item.candidates[0].empty() && !item.candidates[1].empty()) continue;
      if (++count <= 5) without_candidates += (count == 1 ? "" : ", ") + item.id;
    }
  }
  if (count > 0) {
    throw Error(
        ErrorKind::kInput, run.model,
        fmt::format("the candidates of {} items are unknown ({}{}), so no submission can be "
                    "written; give the benchmark's annotations with --annotations",
                    count, without_candidates, count > 5 ? ", …" : ""));
  }
  create_directories(folder);
  std::vector<std::string> files;
  for (const PairTask& task : run.tasks) {
    std::string text;
    for (const PairItem& item : task.items) {
      const int prediction = item.verdict(AnswerRule::kStrict).prediction;
      const nlohmann::ordered_json row = {
          {"data_name", task.subset},
          {"row_id", item.id},
          {"model_answer", item.candidates[prediction == 1 ? 1 : 0]},
          {"task", task.name.substr(task.subset.size() + 1)}};
      text += dump_json(row) + "\n";
    }
    files.push_back(folder + "/" + task.name + "_valid.jsonl");
    write_file_atomic(files.back(), text);
  }
  return files;
}

}  // namespace physprobe

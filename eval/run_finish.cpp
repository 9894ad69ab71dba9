#include "physprobe/eval/run_finish.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/aggregate.h"
#include "physprobe/memory/visual_memory.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kQueryBatch = 256;

/// Nearest cases of every item under every encoder.
class Retrieval {
 public:
  explicit Retrieval(const FinishInput& input) : input_(input) {}

  void build(const std::string& items_path) {
    if (!input_.suite.has_memory) return;
    for (const EmbeddingJob& job : input_.jobs) {
      if (job.untrained_seed < 0) columns_[job.encoder_id];
    }
    for_each_json_line(items_path, [&](int64_t, const nlohmann::json& line) {
      MemoryCase one;
      one.id = line.at("id").get<std::string>();
      one.group = line.at("group").get<std::string>();
      one.label = line.at("label").get<std::string>();
      labels_[one.id] = one.label;
      for (auto& [encoder, column] : columns_) {
        const at::Tensor vector =
            input_.retrieval_vector(line.at("encoders").at(encoder).at("key").get<std::string>());
        // The cosine of a vector without length is not defined: such a case has no neighbours.
        if (input_.suite.metric == Metric::kCosine && !vector.any().item<bool>()) {
          without_direction_.insert(one.id);
          continue;
        }
        column.row_of[one.id] = column.cases.size();
        column.cases.push_back(one);
        column.vectors.push_back(vector);
      }
    });
    for (auto& [encoder, column] : columns_) search(column);
  }

  /// Adds "neighbours" to each encoder of a line.
  void annotate(Json& line) const {
    const std::string id = line.at("id").get<std::string>();
    for (const auto& [encoder, column] : columns_) {
      Json list = Json::array();
      if (const auto row = column.row_of.find(id); row != column.row_of.end()) {
        const std::vector<std::string>& ids = column.neighbours.ids[row->second];
        for (std::size_t i = 0; i < ids.size(); ++i) {
          Json entry{{"id", ids[i]}, {"distance", column.neighbours.distances[row->second][i]}};
          const std::string& label = labels_.at(ids[i]);
          if (!label.empty()) entry["label"] = label;
          list.push_back(entry);
        }
      }
      line["encoders"][encoder]["neighbours"] = list;
    }
  }

  /// Items that have no direction in some encoder's space, such as black clips.
  int64_t without_direction() const { return static_cast<int64_t>(without_direction_.size()); }

 private:
  struct Column {
    std::vector<MemoryCase> cases;
    std::vector<at::Tensor> vectors;
    std::unordered_map<std::string, std::size_t> row_of;
    Neighbours neighbours;
  };

  void search(Column& column) const {
    if (column.vectors.empty()) return;
    const at::Tensor vectors = at::stack(column.vectors);
    column.vectors.clear();
    const auto memory = VisualMemory::create(vectors.size(1), input_.suite.metric);
    memory->add(vectors, column.cases);
    const int64_t n = vectors.size(0);
    for (int64_t begin = 0; begin < n; begin += kQueryBatch) {
      const int64_t end = std::min(n, begin + kQueryBatch);
      MemoryQuery query;
      query.vectors = vectors.slice(0, begin, end).contiguous();
      query.k = input_.suite.k;
      query.exclude = input_.suite.exclude;
      query.threads = input_.threads;
      for (int64_t i = begin; i < end; ++i) {
        query.ids.push_back(column.cases[static_cast<std::size_t>(i)].id);
        query.groups.push_back(column.cases[static_cast<std::size_t>(i)].group);
      }
      Neighbours found = memory->search(query);
      for (auto& row : found.ids) column.neighbours.ids.push_back(std::move(row));
      for (auto& row : found.distances) column.neighbours.distances.push_back(std::move(row));
    }
  }

  const FinishInput& input_;
  std::unordered_map<std::string, std::string> labels_;
  std::set<std::string> without_direction_;
  std::map<std::string, Column> columns_;
};

}  // namespace

void finish_run(const RunPaths& paths, const std::string& items_source, const FinishInput& input) {
  std::set<std::string> failed;
  std::string failure_lines;
  for (const auto& [id, line] : input.failures) {
    failed.insert(id);
    failure_lines += line + "\n";
  }
  std::vector<std::string> finished;
  for (const std::string& id : input.ids) {
    if (failed.count(id) == 0) finished.push_back(id);
  }
  // First in order, then with neighbours: the memory needs every item before the first line can be
  // written.
  const std::vector<std::string> missing =
      rewrite_items(items_source, paths.items, finished, [](Json&) {});
  if (!missing.empty()) {
    throw Error(ErrorKind::kInternal, items_source,
                fmt::format("{} items have neither a result nor a failure, the first is '{}'",
                            missing.size(), missing.front()));
  }
  Retrieval retrieval(input);
  retrieval.build(paths.items);
  Aggregator aggregator(input.suite, input.jobs);
  rewrite_items(paths.items, paths.items, finished, [&](Json& line) {
    retrieval.annotate(line);
    aggregator.add(line);
  });
  for (const std::string& sentence : input.left_out) aggregator.note(sentence + ".");
  if (retrieval.without_direction() > 0) {
    aggregator.note(
        fmt::format("{} of {} items have a retrieval vector of zero (such as black clips): it has "
                    "no direction, "
                    "so they have no nearest cases under the cosine; memory.metric=l2 has them.",
                    retrieval.without_direction(), finished.size()));
  }
  write_file_atomic(paths.failures, failure_lines);
  const Json results = aggregator.results(static_cast<int64_t>(input.ids.size()),
                                          static_cast<int64_t>(failed.size()), input.layout);
  write_file_atomic(paths.results_json, dump_json_pretty(results));
  write_file_atomic(paths.results_csv, scores_csv(results));
  write_digest_list(paths.directory, "COMPLETE",
                    {"failures.jsonl", "items.jsonl", "results.csv", "results.json"});
}

}  // namespace physprobe

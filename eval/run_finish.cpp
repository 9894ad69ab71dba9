#include "physprobe/eval/run_finish.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/aggregate.h"
#include "physprobe/memory/visual_memory.h"

#include <ATen/ATen.h>
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
      row_of_[one.id] = cases_.size();
      cases_.push_back(one);
      for (auto& [encoder, column] : columns_) {
        column.vectors.push_back(
            input_.retrieval_vector(line.at("encoders").at(encoder).at("key").get<std::string>()));
      }
    });
    for (auto& [encoder, column] : columns_) search(column);
  }

  /// Adds "neighbours" to each encoder of a line.
  void annotate(Json& line) const {
    const std::string id = line.at("id").get<std::string>();
    for (const auto& [encoder, column] : columns_) {
      const std::size_t row = row_of_.at(id);
      Json list = Json::array();
      for (std::size_t i = 0; i < column.neighbours.ids[row].size(); ++i) {
        const std::string& other = column.neighbours.ids[row][i];
        Json entry{{"id", other}, {"distance", column.neighbours.distances[row][i]}};
        const std::string& label = cases_[row_of_.at(other)].label;
        if (!label.empty()) entry["label"] = label;
        list.push_back(entry);
      }
      line["encoders"][encoder]["neighbours"] = list;
    }
  }

 private:
  struct Column {
    std::vector<at::Tensor> vectors;
    Neighbours neighbours;
  };

  void search(Column& column) const {
    if (column.vectors.empty()) return;
    const at::Tensor vectors = at::stack(column.vectors);
    column.vectors.clear();
    const auto memory = VisualMemory::create(vectors.size(1), input_.suite.metric);
    memory->add(vectors, cases_);
    const int64_t n = vectors.size(0);
    for (int64_t begin = 0; begin < n; begin += kQueryBatch) {
      const int64_t end = std::min(n, begin + kQueryBatch);
      MemoryQuery query;
      query.vectors = vectors.slice(0, begin, end).contiguous();
      query.k = input_.suite.k;
      query.exclude = input_.suite.exclude;
      query.threads = input_.threads;
      for (int64_t i = begin; i < end; ++i) {
        query.ids.push_back(cases_[static_cast<std::size_t>(i)].id);
        query.groups.push_back(cases_[static_cast<std::size_t>(i)].group);
      }
      Neighbours found = memory->search(query);
      for (auto& row : found.ids) column.neighbours.ids.push_back(std::move(row));
      for (auto& row : found.distances) column.neighbours.distances.push_back(std::move(row));
    }
  }

  const FinishInput& input_;
  std::vector<MemoryCase> cases_;
  std::unordered_map<std::string, std::size_t> row_of_;
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
  write_file_atomic(paths.failures, failure_lines);
  const Json results = aggregator.results(static_cast<int64_t>(input.ids.size()),
                                          static_cast<int64_t>(failed.size()), input.layout);
  const std::string text = dump_json_pretty(results);
  write_file_atomic(paths.results_json, text);
  write_file_atomic(paths.results_csv, scores_csv(results));
  write_file_atomic(paths.complete, sha256_hex(text) + "\n");
}

}  // namespace physprobe

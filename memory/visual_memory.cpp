#include "physprobe/memory/visual_memory.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/parallel.h"
#include "physprobe/memory/exact_search.h"
#include "physprobe/memory/index_file.h"

#include <ATen/ATen.h>
#include <faiss/IndexFlat.h>
#include <faiss/impl/IDSelector.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace physprobe {

namespace {

[[noreturn]] void throw_input(const std::string& subject, const std::string& message) {
  throw Error(ErrorKind::kInput, subject, message);
}

/// Finite float32 rows of the right width, made unit rows under cosine. `name_of(i)` names a row in
/// errors.
at::Tensor checked_rows(const at::Tensor& vectors,
                        int64_t dimension,
                        Metric metric,
                        const std::string& what,
                        const std::function<std::string(int64_t)>& name_of) {
  if (!vectors.defined() || vectors.dim() != 2 || vectors.size(1) != dimension ||
      vectors.scalar_type() != at::kFloat) {
    std::string found = "nothing";
    if (vectors.defined()) {
      found = std::string(at::toString(vectors.scalar_type())) + " of shape (";
      for (int64_t i = 0; i < vectors.dim(); ++i) {
        found += (i > 0 ? ", " : "") + std::to_string(vectors.size(i));
      }
      found += ")";
    }
    throw_input(what, fmt::format("are {}, expected float32 of shape (N, {})", found, dimension));
  }
  at::Tensor rows = vectors.cpu().contiguous();
  if (metric == Metric::kCosine) rows = rows.clone();
  auto* data = rows.data_ptr<float>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    float* row = data + i * dimension;
    if (!std::all_of(row, row + dimension, [](float value) { return std::isfinite(value); })) {
      throw_input(name_of(i), "has NaN or infinity in its vector; leave it out");
    }
    if (metric != Metric::kCosine) continue;
    const double norm = norm_in_double(row, dimension);
    if (norm == 0.0) {
      throw_input(name_of(i),
                  "has a zero vector, which has no direction; leave it out or use the metric l2");
    }
    for (int64_t j = 0; j < dimension; ++j) {
      row[j] = static_cast<float>(static_cast<double>(row[j]) / norm);
    }
  }
  return rows;
}

class FlatMemory final : public VisualMemory {
 public:
  FlatMemory(std::unique_ptr<faiss::IndexFlat> index, Metric metric, std::vector<MemoryCase> cases)
      : index_(std::move(index)), metric_(metric), cases_(std::move(cases)) {
    index_cases(0);
    note_norms(index_->get_xb(), index_->ntotal);
  }

  int64_t size() const override { return index_->ntotal; }
  int64_t dimension() const override { return index_->d; }
  Metric metric() const override { return metric_; }
  const std::vector<MemoryCase>& cases() const override { return cases_; }

  void add(const at::Tensor& vectors, const std::vector<MemoryCase>& cases) override {
    const at::Tensor rows =
        checked_rows(vectors, dimension(), metric_, "vectors to add", [&cases](int64_t i) {
          const auto index = static_cast<std::size_t>(i);
          return index < cases.size() ? cases[index].id : "row " + std::to_string(i);
        });
    if (rows.size(0) != static_cast<int64_t>(cases.size())) {
      throw_input("vectors to add",
                  fmt::format("are {} rows for {} cases", rows.size(0), cases.size()));
    }
    std::unordered_set<std::string> fresh;
    for (const MemoryCase& item : cases) {
      if (item.id.empty()) throw_input("case to add", "has an empty id");
      if (row_of_.count(item.id) > 0 || !fresh.insert(item.id).second) {
        throw_input(item.id, "is already in the memory; ids are unique");
      }
    }
    if (cases.empty()) return;
    index_->add(rows.size(0), rows.data_ptr<float>());
    const std::size_t first = cases_.size();
    cases_.insert(cases_.end(), cases.begin(), cases.end());
    index_cases(first);
    note_norms(rows.data_ptr<float>(), rows.size(0));
  }

  void remove(const std::vector<std::string>& ids) override {
    std::vector<int64_t> rows;
    std::string unknown;
    for (const std::string& id : ids) {
      const auto found = row_of_.find(id);
      if (found == row_of_.end()) {
        unknown += (unknown.empty() ? "" : ", ") + id;
      } else {
        rows.push_back(found->second);
      }
    }
    if (!unknown.empty()) {
      throw_input("ids to remove", "are not in the memory (nothing was removed): " + unknown);
    }
    if (rows.empty()) return;
    // FAISS shifts later rows down; the cases are shifted in the same way.
    index_->remove_ids(faiss::IDSelectorBatch(rows.size(), rows.data()));
    const std::unordered_set<int64_t> removed(rows.begin(), rows.end());
    int64_t row = 0;
    cases_.erase(
        std::remove_if(cases_.begin(), cases_.end(),
                       [&](const MemoryCase& /*item*/) { return removed.count(row++) > 0; }),
        cases_.end());
    index_cases(0);
  }

  Neighbours search(const MemoryQuery& query) const override {
    if (query.k <= 0) {
      throw Error(ErrorKind::kUsage, "k", fmt::format("is {}, expected 1 or more", query.k));
    }
    const bool has_ids = !query.ids.empty();
    const at::Tensor rows =
        checked_rows(query.vectors, dimension(), metric_, "query vectors", [&](int64_t i) {
          const auto index = static_cast<std::size_t>(i);
          return index < query.ids.size() ? query.ids[index] : "query " + std::to_string(i);
        });
    const int64_t count = rows.size(0);
    check_names(query.ids, count, query.exclude != Exclude::kNothing, "ids");
    check_names(query.groups, count, query.exclude == Exclude::kGroup, "groups");

    // Per query: the row of the query's own case and the number of its group, -1 for none.
    std::vector<int64_t> own_row(static_cast<std::size_t>(count), -1);
    std::vector<int64_t> own_group(own_row);
    for (std::size_t q = 0; q < own_row.size(); ++q) {
      if (query.exclude != Exclude::kNothing && has_ids) {
        const auto found = row_of_.find(query.ids[q]);
        if (found != row_of_.end()) own_row[q] = found->second;
      }
      if (query.exclude == Exclude::kGroup && !query.groups[q].empty()) {
        const auto found = group_number_.find(query.groups[q]);
        if (found != group_number_.end()) own_group[q] = found->second;
      }
    }
    const auto at = [](const std::vector<int64_t>& list, int64_t i) {
      return list[static_cast<std::size_t>(i)];
    };
    const ExactSearch search{
        *index_,
        metric_,
        query.k,
        largest_norm_,
        [this](int64_t a, int64_t b) {
          return cases_[static_cast<std::size_t>(a)].id < cases_[static_cast<std::size_t>(b)].id;
        },
        [&](int64_t q, int64_t row) {
          return row == at(own_row, q) ||
                 (at(own_group, q) >= 0 && at(group_of_row_, row) == at(own_group, q));
        },
        [&](int64_t q) {
          return int64_t{1} + (at(own_group, q) >= 0 ? at(group_sizes_, at(own_group, q)) : 0);
        }};

    Neighbours neighbours;
    neighbours.ids.resize(static_cast<std::size_t>(count));
    neighbours.distances.resize(static_cast<std::size_t>(count));
    constexpr int64_t kBlock = 64;  // large enough for FAISS to use matrix products
    parallel_for((count + kBlock - 1) / kBlock, query.threads, [&](int64_t block) {
      const int64_t begin = block * kBlock;
      const int64_t end = std::min(begin + kBlock, count);
      const auto found = search_exactly(search, rows.data_ptr<float>(), begin, end);
      for (int64_t q = begin; q < end; ++q) {
        for (const RowDistance& hit : found[static_cast<std::size_t>(q - begin)]) {
          neighbours.ids[static_cast<std::size_t>(q)].push_back(
              cases_[static_cast<std::size_t>(hit.row)].id);
          neighbours.distances[static_cast<std::size_t>(q)].push_back(hit.distance);
        }
      }
    });
    return neighbours;
  }

  void save(const std::string& path, const std::string& source_digest) const override {
    write_index_file(path, source_digest, *index_, metric_, cases_);
  }

 private:
  static void check_names(const std::vector<std::string>& names,
                          int64_t count,
                          bool is_needed,
                          const char* what) {
    if (names.empty() && !is_needed) return;
    if (static_cast<int64_t>(names.size()) != count) {
      throw_input("query", fmt::format("has {} {} for {} vectors; exclusion needs one each",
                                       names.size(), what, count));
    }
  }

  /// Brings the look-up tables up to date for the cases from `first` on (0: all anew).
  void index_cases(std::size_t first) {
    if (first == 0) {
      row_of_.clear();
      group_number_.clear();
      group_of_row_.clear();
      group_sizes_.clear();
    }
    for (std::size_t i = first; i < cases_.size(); ++i) {
      const MemoryCase& item = cases_[i];
      const auto row = static_cast<int64_t>(i);
      row_of_.emplace(item.id, row);
      if (item.group.empty()) {
        group_of_row_.push_back(-1);
        continue;
      }
      const auto fresh = static_cast<int64_t>(group_sizes_.size());
      const auto [group, is_new] = group_number_.emplace(item.group, fresh);
      if (is_new) group_sizes_.push_back(0);
      ++group_sizes_[static_cast<std::size_t>(group->second)];
      group_of_row_.push_back(group->second);
    }
  }

  void note_norms(const float* rows, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      largest_norm_ = std::max(largest_norm_, norm_in_double(rows + i * dimension(), dimension()));
    }
  }

  std::unique_ptr<faiss::IndexFlat> index_;
  Metric metric_;
  std::vector<MemoryCase> cases_;
  std::unordered_map<std::string, int64_t> row_of_;
  std::unordered_map<std::string, int64_t> group_number_;
  std::vector<int64_t> group_of_row_;
  std::vector<int64_t> group_sizes_;
  double largest_norm_ = 0.0;  ///< Of all rows there ever were; an upper bound is enough.
};

}  // namespace

const char* metric_name(Metric metric) {
  switch (metric) {
    case Metric::kCosine:
      return "cosine";
    case Metric::kInnerProduct:
      return "ip";
    case Metric::kL2:
      return "l2";
  }
  return "";
}

Metric metric_from_name(const std::string& name) {
  for (const Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    if (name == metric_name(metric)) return metric;
  }
  throw Error(ErrorKind::kUsage, "metric",
              "is '" + name + "'" + did_you_mean(name, {"cosine", "ip", "l2"}));
}

Exclude exclude_from_name(const std::string& name) {
  if (name == "none") return Exclude::kNothing;
  if (name == "item") return Exclude::kItem;
  if (name == "group") return Exclude::kGroup;
  throw Error(ErrorKind::kUsage, "exclude",
              "is '" + name + "'" + did_you_mean(name, {"none", "item", "group"}));
}

std::unique_ptr<VisualMemory> VisualMemory::create(int64_t dimension, Metric metric) {
  constexpr int64_t kMostDimensions = int64_t{1} << 24;
  if (dimension <= 0 || dimension > kMostDimensions) {
    throw Error(ErrorKind::kUsage, "dimension",
                fmt::format("is {}, expected 1 to {}", dimension, kMostDimensions));
  }
  auto index = std::make_unique<faiss::IndexFlat>(
      static_cast<int>(dimension),
      metric == Metric::kL2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT);
  return std::make_unique<FlatMemory>(std::move(index), metric, std::vector<MemoryCase>());
}

std::unique_ptr<VisualMemory> VisualMemory::load(const std::string& path,
                                                 const std::string& expected_source_digest) {
  IndexContent content = read_index_file(path, expected_source_digest);
  return std::make_unique<FlatMemory>(std::move(content.index), content.metric,
                                      std::move(content.cases));
}

}  // namespace physprobe

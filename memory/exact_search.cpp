#include "physprobe/memory/exact_search.h"

#include <faiss/IndexFlat.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace physprobe {

namespace {

constexpr int64_t kLanes = 8;

/// Sum of term(i) over i in [0, count): eight interleaved partial sums, then these in order. The
/// order is written out so that it is the same however the compiler vectorises.
template <typename Term>
double ordered_sum(int64_t count, const Term& term) {
  std::array<double, kLanes> lanes{};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      lanes[static_cast<std::size_t>(lane)] += term(i + lane);
    }
  }
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  for (; i < count; ++i) sum += term(i);
  return sum;
}

/// Makes a distance of a squared Euclidean distance or a (negated) inner product; never decreasing.
double finish(Metric metric, double value) {
  switch (metric) {
    case Metric::kCosine:
      return std::clamp(value, 0.0, 2.0);
    case Metric::kInnerProduct:
      return value;
    case Metric::kL2:
      return std::sqrt(std::max(value, 0.0));
  }
  return value;
}

double unfinished_distance(Metric metric, const float* a, const float* b, int64_t dimension) {
  if (metric == Metric::kL2) {
    return ordered_sum(dimension, [a, b](int64_t i) {
      const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      return difference * difference;
    });
  }
  const double product = ordered_sum(dimension, [a, b](int64_t i) {
    return static_cast<double>(a[i]) * static_cast<double>(b[i]);
  });
  return metric == Metric::kCosine ? 1.0 - product : -product;
}

/// Upper bound of |float32 score - exact score| for any order of summation, with or without fused
/// operations: gamma_n = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and Stability, section 3.1),
/// times the sum of the absolute products, itself bounded by the norms. n has room for the
/// additions that turn products into squared distances; the factor 1.01 covers the rounding of this
/// bound and of the double sums. Infinite when n u is not small.
double score_error(Metric metric, int64_t dimension, double query_norm, double row_norm) {
  const double n = static_cast<double>(dimension) + 8.0;
  const double nu = std::ldexp(n, -24);
  if (nu > 0.25) return HUGE_VAL;
  const double gamma = nu / (1.0 - nu);
  const double scale = metric == Metric::kL2 ? (query_norm + row_norm) * (query_norm + row_norm)
                                             : query_norm * row_norm;
  constexpr double kUnderflow = 1e-37;  // a product below the normal range may be flushed to zero
  return 1.01 * (gamma * scale + n * kUnderflow);
}

class BlockSearch {
 public:
  BlockSearch(const ExactSearch& search, const float* queries)
      : search_(search), queries_(queries), dimension_(search.index.d) {}

  std::vector<std::vector<RowDistance>> run(int64_t begin, int64_t end) {
    std::vector<std::vector<RowDistance>> found(static_cast<std::size_t>(end - begin));
    std::vector<int64_t> open;
    int64_t fetch = search_.k + kMargin;
    for (int64_t q = begin; q < end; ++q) {
      open.push_back(q);
      fetch = std::max(fetch, search_.k + search_.excluded_count(q) + kMargin);
    }
    // Beyond a quarter of the rows, or thousands of them, FAISS's heaps cost more than all
    // distances.
    while (!open.empty() && fetch < search_.index.ntotal / 4 && fetch <= kMostCandidates) {
      open = try_candidates(open, fetch, begin, found);
      fetch *= kGrowth;
    }
    for (const int64_t q : open) found[static_cast<std::size_t>(q - begin)] = compare_all(q);
    return found;
  }

 private:
  static constexpr int64_t kMargin = 16;
  static constexpr int64_t kGrowth = 8;
  static constexpr int64_t kMostCandidates = 4096;

  const float* query(int64_t q) const { return queries_ + q * dimension_; }
  const float* row(int64_t r) const { return search_.index.get_xb() + r * dimension_; }

  /// Fills `found` for the queries whose candidates are proven complete; returns the others.
  std::vector<int64_t> try_candidates(const std::vector<int64_t>& open,
                                      int64_t fetch,
                                      int64_t begin,
                                      std::vector<std::vector<RowDistance>>& found) {
    const auto count = static_cast<int64_t>(open.size());
    std::vector<float> vectors;
    vectors.reserve(static_cast<std::size_t>(count * dimension_));
    for (const int64_t q : open) vectors.insert(vectors.end(), query(q), query(q) + dimension_);
    std::vector<float> scores(static_cast<std::size_t>(count * fetch));
    std::vector<int64_t> labels(scores.size());
    search_.index.search(count, vectors.data(), fetch, scores.data(), labels.data());

    std::vector<int64_t> unproven;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t q = open[static_cast<std::size_t>(i)];
      const auto first = static_cast<std::size_t>(i * fetch);
      std::vector<RowDistance> candidates;
      bool is_regular = true;
      for (std::size_t c = first; c < first + static_cast<std::size_t>(fetch); ++c) {
        // Overflow to infinity or NaN makes FAISS drop or misplace rows.
        if (labels[c] < 0 || !std::isfinite(scores[c])) is_regular = false;
        if (labels[c] >= 0 && !search_.is_excluded(q, labels[c])) {
          candidates.push_back(measure(q, labels[c]));
        }
      }
      keep_nearest(candidates);
      const double last_score = scores[first + static_cast<std::size_t>(fetch) - 1];
      if (is_regular && static_cast<int64_t>(candidates.size()) == search_.k &&
          candidates.back().distance < nearest_possible_rest(q, last_score)) {
        found[static_cast<std::size_t>(q - begin)] = std::move(candidates);
      } else {
        unproven.push_back(q);
      }
    }
    return unproven;
  }

  /// No row that FAISS left out can be nearer than this.
  double nearest_possible_rest(int64_t q, double last_score) const {
    const double error = score_error(search_.metric, dimension_,
                                     norm_in_double(query(q), dimension_), search_.largest_norm);
    switch (search_.metric) {
      case Metric::kCosine:
        return finish(search_.metric, 1.0 - last_score - error);
      case Metric::kInnerProduct:
        return -last_score - error;
      case Metric::kL2:
        break;
    }
    return finish(search_.metric, last_score - error);
  }

  std::vector<RowDistance> compare_all(int64_t q) const {
    std::vector<RowDistance> candidates;
    for (int64_t r = 0; r < search_.index.ntotal; ++r) {
      if (!search_.is_excluded(q, r)) candidates.push_back(measure(q, r));
    }
    keep_nearest(candidates);
    return candidates;
  }

  RowDistance measure(int64_t q, int64_t r) const {
    return {r, exact_distance(search_.metric, query(q), row(r), dimension_)};
  }

  void keep_nearest(std::vector<RowDistance>& candidates) const {
    const auto kept = std::min(candidates.size(), static_cast<std::size_t>(search_.k));
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(kept),
                      candidates.end(), [this](const RowDistance& a, const RowDistance& b) {
                        if (a.distance != b.distance) return a.distance < b.distance;
                        return search_.comes_first(a.row, b.row);
                      });
    candidates.resize(kept);
  }

  const ExactSearch& search_;
  const float* queries_;
  int64_t dimension_;
};

}  // namespace

double norm_in_double(const float* values, int64_t dimension) {
  return std::sqrt(ordered_sum(dimension, [values](int64_t i) {
    return static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }));
}

double exact_distance(Metric metric, const float* a, const float* b, int64_t dimension) {
  return finish(metric, unfinished_distance(metric, a, b, dimension));
}

std::vector<std::vector<RowDistance>> search_exactly(const ExactSearch& search,
                                                     const float* queries,
                                                     int64_t begin,
                                                     int64_t end) {
  return BlockSearch(search, queries).run(begin, end);
}

}  // namespace physprobe

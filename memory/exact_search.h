#pragma once
// Exact nearest rows with bits that depend on nothing but the two vectors: FAISS proposes
// candidates in float32 (its scores change with the shape of the BLAS call), distances are then
// computed in double in one fixed order, and candidates are taken only while FAISS's rounding error
// provably cannot have hidden a nearer row. Internal.

#include "physprobe/memory/visual_memory.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace faiss {
struct IndexFlat;
}

namespace physprobe {

/// One row found, with its final distance.
struct RowDistance {
  int64_t row;
  double distance;
};

/// Euclidean norm, summed in double in a fixed order.
double norm_in_double(const float* values, int64_t dimension);

/// Distance of two vectors as `Metric` defines it (cosine: both already of unit norm, result
/// clamped to [0, 2]).
double exact_distance(Metric metric, const float* a, const float* b, int64_t dimension);

/// What one search needs beside the query vectors.
struct ExactSearch {
  const faiss::IndexFlat& index;
  Metric metric;
  int64_t k;
  double largest_norm;  ///< Upper bound of the rows' norms; enters the error bound only.
  /// Strict order of rows of equal distance.
  std::function<bool(int64_t row_a, int64_t row_b)> comes_first;
  /// Is the row left out for query q?
  std::function<bool(int64_t q, int64_t row)> is_excluded;
  /// Upper bound of the number of rows left out for query q.
  std::function<int64_t(int64_t q)> excluded_count;
};

/// The k nearest rows (fewer if fewer are left) of queries [begin, end), whose vectors start at
/// `queries` (query 0). Runs on the calling thread.
std::vector<std::vector<RowDistance>> search_exactly(const ExactSearch& search,
                                                     const float* queries,
                                                     int64_t begin,
                                                     int64_t end);

}  // namespace physprobe

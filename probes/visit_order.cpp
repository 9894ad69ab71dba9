#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/probes/embedding_rows.h"
#include "physprobe/probes/step_kernel.h"
#include "physprobe/probes/turning.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

namespace physprobe {
namespace {

/// Frames per side of a tile: two strips of one block each stay in the second-level cache.
constexpr int64_t kTile = 8;

/// Distances between the frames of two strips. Blocks are the outer loop, so that each is read from
/// memory once per tile; every pair still adds its blocks in sequence, as the accumulator does.
template <typename T>
void fill_tile(const T* rows,
               int64_t n_frames,
               int64_t size,
               int64_t row_begin,
               int64_t column_begin,
               double* out) {
  const int64_t row_end = std::min(row_begin + kTile, n_frames);
  const int64_t column_end = std::min(column_begin + kTile, n_frames);
  double sums[kTile][kTile] = {};
  for (int64_t begin = 0; begin < size; begin += step_kernel::kBlock) {
    const int64_t length = std::min(step_kernel::kBlock, size - begin);
    for (int64_t i = row_begin; i < row_end; ++i) {
      for (int64_t j = std::max(i + 1, column_begin); j < column_end; ++j) {
        sums[i - row_begin][j - column_begin] += step_kernel::block_squared_distance(
            rows + j * size + begin, rows + i * size + begin, length);
      }
    }
  }
  for (int64_t i = row_begin; i < row_end; ++i) {
    for (int64_t j = std::max(i + 1, column_begin); j < column_end; ++j) {
      const double distance = std::sqrt(sums[i - row_begin][j - column_begin]);
      out[i * n_frames + j] = distance;
      out[j * n_frames + i] = distance;
    }
  }
}

}  // namespace

at::Tensor pairwise_distances(const at::Tensor& trajectory, int threads) {
  const at::Tensor rows = embedding_rows(trajectory, "trajectory");
  const int64_t n_frames = rows.size(0);
  at::Tensor distances = at::zeros({n_frames, n_frames}, at::kDouble);
  if (n_frames == 0) return distances;
  double* out = distances.data_ptr<double>();
  const int64_t strips = (n_frames + kTile - 1) / kTile;
  std::vector<std::pair<int64_t, int64_t>> tiles;
  for (int64_t a = 0; a < strips; ++a) {
    for (int64_t b = a; b < strips; ++b) tiles.emplace_back(a * kTile, b * kTile);
  }
  parallel_for(static_cast<int64_t>(tiles.size()), threads, [&](int64_t tile) {
    const auto [row, column] = tiles[static_cast<size_t>(tile)];
    if (rows.scalar_type() == at::kDouble) {
      fill_tile(rows.data_ptr<double>(), n_frames, rows.size(1), row, column, out);
    } else {
      fill_tile(rows.data_ptr<float>(), n_frames, rows.size(1), row, column, out);
    }
  });
  // Any non-finite value spoils its frame's whole row; a lone frame has no distance to show it.
  const bool spoilt = n_frames == 1 || !at::isfinite(distances).all().item<bool>();
  if (spoilt) {
    finite_double_rows(rows, "trajectory");
    if (n_frames > 1) {
      throw Error(ErrorKind::kInput, "trajectory",
                  "a squared distance between two frames overflows float64; rescale the embedding");
    }
  }
  return distances;
}

TrajectoryGeometry geometry_in_order(const at::Tensor& distances,
                                     const std::vector<int64_t>& order) {
  if (!distances.defined() || distances.dim() != 2 || distances.size(0) != distances.size(1) ||
      distances.scalar_type() != at::kDouble) {
    std::ostringstream found;
    if (distances.defined()) {
      found << c10::toString(distances.scalar_type()) << " of shape " << distances.sizes();
    } else {
      found << "no tensor";
    }
    throw Error(ErrorKind::kInput, "distances",
                "found " + found.str() + ", expected (T, T) float64 from pairwise_distances");
  }
  const int64_t n_frames = distances.size(0);
  for (size_t position = 0; position < order.size(); ++position) {
    if (order[position] < 0 || order[position] >= n_frames) {
      throw Error(ErrorKind::kInput, "order",
                  "position " + std::to_string(position) + " is frame " +
                      std::to_string(order[position]) + ", expected 0 to " +
                      std::to_string(n_frames - 1));
    }
  }
  const at::Tensor table = distances.to(at::kCPU).contiguous();
  const double* values = table.data_ptr<double>();
  const auto between = [&](int64_t i, int64_t j) { return values[i * n_frames + j]; };

  TurningRecorder recorder;
  int64_t before = -1;  // the frame the last live step started from
  for (size_t t = 1; t < order.size(); ++t) {
    const int64_t from = order[t - 1];
    const int64_t to = order[t];
    const double length = between(from, to);
    if (length == 0.0) {
      recorder.add_zero_step();
      continue;
    }
    double dot = 0.0;
    if (before >= 0) {
      const double across = between(before, to);
      const double previous = between(before, from);
      dot = 0.5 * (across * across - previous * previous - length * length);
    }
    recorder.add_live_step(length, dot);
    before = from;
  }
  TrajectoryGeometry geometry = recorder.geometry;
  geometry.n_frames = static_cast<int64_t>(order.size());
  geometry.chord = order.size() < 2 ? std::numeric_limits<double>::quiet_NaN()
                                    : between(order.front(), order.back());
  return geometry;
}

}  // namespace physprobe

#include "physprobe/encoders/thumbnail.h"

#include <algorithm>
#include <vector>

namespace physprobe {
namespace {

/// Cell c covers [c n/32, (c+1) n/32); weights sum to 1.
struct Coverage {
  int64_t begin = 0;
  std::vector<double> weights;
};

std::vector<Coverage> coverages(int64_t size) {
  std::vector<Coverage> cells;
  for (int64_t cell = 0; cell < kThumbnailSide; ++cell) {
    // In units of 1/32 pixel the borders are whole numbers.
    const int64_t begin = cell * size;
    const int64_t end = begin + size;
    Coverage coverage;
    coverage.begin = begin / kThumbnailSide;
    for (int64_t pixel = coverage.begin; pixel * kThumbnailSide < end; ++pixel) {
      const int64_t from = std::max(begin, pixel * kThumbnailSide);
      const int64_t to = std::min(end, (pixel + 1) * kThumbnailSide);
      coverage.weights.push_back(static_cast<double>(to - from) / static_cast<double>(size));
    }
    cells.push_back(std::move(coverage));
  }
  return cells;
}

}  // namespace

void area_thumbnail(
    const float* planes, int64_t channels, int64_t height, int64_t width, float* out) {
  const std::vector<Coverage> row_cells = coverages(height);
  const std::vector<Coverage> column_cells = coverages(width);
  std::vector<double> column_sums(static_cast<std::size_t>(width));
  for (int64_t channel = 0; channel < channels; ++channel) {
    const float* plane = planes + channel * height * width;
    for (const Coverage& rows : row_cells) {
      std::fill(column_sums.begin(), column_sums.end(), 0.0);
      for (std::size_t r = 0; r < rows.weights.size(); ++r) {
        const float* row = plane + (rows.begin + static_cast<int64_t>(r)) * width;
        for (int64_t x = 0; x < width; ++x)
          column_sums[static_cast<std::size_t>(x)] += rows.weights[r] * row[x];
      }
      for (const Coverage& columns : column_cells) {
        double sum = 0.0;
        for (std::size_t c = 0; c < columns.weights.size(); ++c) {
          sum += columns.weights[c] * column_sums[static_cast<std::size_t>(columns.begin) + c];
        }
        *out++ = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace physprobe

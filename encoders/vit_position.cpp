#include "physprobe/encoders/vit_position.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace physprobe {
namespace {

constexpr double kCodeBase = 10000.0;

/// How one output index draws on the table: weights of the entries first, first + 1, ….
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;
};

/// Keys' cubic convolution kernel.
float cubic(float x, float a) {
  x = std::abs(x);
  if (x < 1.0F) return ((a + 2.0F) * x - (a + 3.0F)) * x * x + 1.0F;
  if (x < 2.0F) return (((x - 5.0F) * x + 8.0F) * x - 4.0F) * a;
  return 0.0F;
}

// Coordinates are float32 as in the reference, whose rounding is visible at the golden tolerance.

std::vector<Taps> plain_taps(int64_t side, int64_t grid, float scale) {
  std::vector<Taps> all(static_cast<std::size_t>(grid));
  for (int64_t i = 0; i < grid; ++i) {
    const float source = scale * (static_cast<float>(i) + 0.5F) - 0.5F;
    const float floor = std::floor(source);
    const float offset = source - floor;
    const auto base = static_cast<int64_t>(floor);
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::clamp<int64_t>(base - 1, 0, side - 1);
    const int64_t last = std::clamp<int64_t>(base + 2, 0, side - 1);
    taps.weights.assign(static_cast<std::size_t>(last - taps.first + 1), 0.0);
    for (int64_t k = -1; k <= 2; ++k) {
      const int64_t entry = std::clamp<int64_t>(base + k, 0, side - 1);
      taps.weights[static_cast<std::size_t>(entry - taps.first)] +=
          static_cast<double>(cubic(static_cast<float>(k) - offset, -0.75F));
    }
  }
  return all;
}

std::vector<Taps> antialiased_taps(int64_t side, int64_t grid) {
  const float scale = static_cast<float>(side) / static_cast<float>(grid);
  const float stretch = std::max(scale, 1.0F);
  const float support = 2.0F * stretch;
  std::vector<Taps> all(static_cast<std::size_t>(grid));
  for (int64_t i = 0; i < grid; ++i) {
    const float centre = scale * (static_cast<float>(i) + 0.5F);
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5F), 0);
    const int64_t end = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5F), side);
    double sum = 0.0;
    for (int64_t j = taps.first; j < end; ++j) {
      const float distance = (static_cast<float>(j) - centre + 0.5F) / stretch;
      taps.weights.push_back(static_cast<double>(cubic(distance, -0.5F)));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
  }
  return all;
}

/// torch's "linear" with a scale factor, align_corners = false.
std::vector<Taps> linear_taps(int64_t side, int64_t grid) {
  const double factor = static_cast<double>(grid) / static_cast<double>(side);
  const auto scale = static_cast<float>(1.0 / factor);
  std::vector<Taps> all(static_cast<std::size_t>(grid));
  for (int64_t i = 0; i < grid; ++i) {
    const float source = std::max(scale * (static_cast<float>(i) + 0.5F) - 0.5F, 0.0F);
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::min(static_cast<int64_t>(source), side - 1);
    const double after = static_cast<double>(source - static_cast<float>(taps.first));
    taps.weights = {1.0 - after};
    if (taps.first + 1 < side) {
      taps.weights.push_back(after);
    } else {
      taps.weights[0] = 1.0;
    }
  }
  return all;
}

std::vector<Taps> axis_taps(const VitConfig& config, int64_t grid) {
  const int64_t side = config.table_side;
  switch (config.position) {
    case PositionInterpolation::kSizeAntialias:
      return antialiased_taps(side, grid);
    case PositionInterpolation::kSize:
      return plain_taps(side, grid, static_cast<float>(side) / static_cast<float>(grid));
    case PositionInterpolation::kScale:
      return plain_taps(
          side, grid,
          static_cast<float>(1.0 / (static_cast<double>(grid) / static_cast<double>(side))));
    case PositionInterpolation::kTrilinear:
      return linear_taps(side, grid);
    case PositionInterpolation::kOffset:
    case PositionInterpolation::kFixed:
      break;
  }
  // The reference hands over the factor (grid + 0.1) / M, of which the reciprocal is taken in
  // double.
  const double factor = (static_cast<double>(grid) + 0.1) / static_cast<double>(side);
  return plain_taps(side, grid, static_cast<float>(1.0 / factor));
}

/// Whether the table is taken as it is, and refusals of grids the rule has nothing for.
bool takes_table_as_it_is(const VitConfig& config, int64_t grid_height, int64_t grid_width) {
  const int64_t side = config.table_side;
  if (grid_height == side && grid_width == side) return true;
  const std::string grids = std::to_string(grid_height) + "x" + std::to_string(grid_width) +
                            " patches with a position table of " + std::to_string(side) + "x" +
                            std::to_string(side);
  if (config.position == PositionInterpolation::kFixed) {
    throw Error(ErrorKind::kUsage, "positions",
                grids +
                    ": the original code takes no other size; change the preprocessing's size, "
                    "or set pos_interp: hf to resize the table");
  }
  if (config.position != PositionInterpolation::kScale) return false;
  if (grid_height * grid_width == side * side) return true;
  if (grid_height != grid_width) {
    throw Error(ErrorKind::kUsage, "positions",
                grids + ": the original code resizes to squares only; set pos_interp: size");
  }
  return false;
}

/// Writes the code of `place` over `width` numbers: sines, then cosines.
void write_code(double place, int64_t width, double* to) {
  const int64_t half = width / 2;
  for (int64_t k = 0; k < half; ++k) {
    const double angle =
        place / std::pow(kCodeBase, static_cast<double>(k) / static_cast<double>(half));
    to[k] = std::sin(angle);
    to[half + k] = std::cos(angle);
  }
}

/// to[c] = sum over taps of weight * from[tap * stride + c], for c in [0, width).
void weighted_rows(
    const Taps& taps, const double* from, int64_t stride, int64_t width, double* to) {
  std::fill(to, to + width, 0.0);
  for (std::size_t k = 0; k < taps.weights.size(); ++k) {
    const double* row = from + (taps.first + static_cast<int64_t>(k)) * stride;
    for (int64_t c = 0; c < width; ++c) to[c] += taps.weights[k] * row[c];
  }
}

/// One time step of a table, (M * M, width) double, on another grid: (grid_height * grid_width,
/// width).
at::Tensor resized_plane(const VitConfig& config,
                         const at::Tensor& plane,
                         int64_t grid_height,
                         int64_t grid_width) {
  const int64_t side = config.table_side;
  const int64_t width = config.width;
  const std::vector<Taps> horizontal = axis_taps(config, grid_width);
  const std::vector<Taps> vertical = axis_taps(config, grid_height);

  // Rows first: (M, grid_width, D), then columns with each table row as one long vector.
  const int64_t wide = grid_width * width;
  std::vector<double> narrowed(static_cast<std::size_t>(side * wide));
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < grid_width; ++x) {
      weighted_rows(horizontal[static_cast<std::size_t>(x)],
                    plane.data_ptr<double>() + y * side * width, width, width,
                    narrowed.data() + y * wide + x * width);
    }
  }
  at::Tensor resized = at::empty({grid_height, wide}, at::kDouble);
  for (int64_t y = 0; y < grid_height; ++y) {
    weighted_rows(vertical[static_cast<std::size_t>(y)], narrowed.data(), wide, wide,
                  resized.data_ptr<double>() + y * wide);
  }
  return resized.reshape({grid_height * grid_width, width});
}

/// A table of several time steps on another grid of space and time.
at::Tensor resized_in_time(const VitConfig& config,
                           const at::Tensor& table,
                           int64_t grid_height,
                           int64_t grid_width,
                           int64_t steps) {
  const at::Tensor planes =
      table.to(at::kDouble).reshape({config.table_steps, -1, config.width}).contiguous();
  std::vector<at::Tensor> resized;
  for (int64_t step = 0; step < config.table_steps; ++step) {
    resized.push_back(resized_plane(config, planes[step], grid_height, grid_width));
  }
  const at::Tensor all = at::stack(resized).contiguous();
  const int64_t plane = grid_height * grid_width * config.width;
  at::Tensor rows = at::empty({steps, plane}, at::kDouble);
  const std::vector<Taps> temporal = linear_taps(config.table_steps, steps);
  for (int64_t step = 0; step < steps; ++step) {
    weighted_rows(temporal[static_cast<std::size_t>(step)], all.data_ptr<double>(), plane, plane,
                  rows.data_ptr<double>() + step * plane);
  }
  return rows.reshape({steps * grid_height * grid_width, config.width}).to(at::kFloat).contiguous();
}

}  // namespace

at::Tensor resized_positions(const VitConfig& config,
                             const at::Tensor& table,
                             int64_t grid_height,
                             int64_t grid_width,
                             int64_t steps) {
  if (config.position == PositionInterpolation::kTrilinear) {
    const bool is_own = grid_height == config.table_side && grid_width == config.table_side &&
                        steps == config.table_steps;
    return is_own ? table : resized_in_time(config, table, grid_height, grid_width, steps);
  }
  if (takes_table_as_it_is(config, grid_height, grid_width)) return table;
  const int64_t class_rows = config.class_rows();
  const at::Tensor patches = table.slice(0, class_rows).to(at::kDouble).contiguous();
  const at::Tensor rows = resized_plane(config, patches, grid_height, grid_width).to(at::kFloat);
  return at::cat({table.slice(0, 0, class_rows), rows}, 0).contiguous();
}

at::Tensor sincos_positions(
    int64_t steps, int64_t grid_height, int64_t grid_width, int64_t width, bool is_uniform) {
  const int64_t uniform = 2 * ((width + 5) / 6);
  const int64_t time_width = is_uniform ? uniform : width / 2;
  const int64_t space_width = is_uniform ? uniform : width / 4;
  std::vector<double> code(static_cast<std::size_t>(time_width + 2 * space_width));
  at::Tensor table = at::zeros({steps * grid_height * grid_width, width}, at::kFloat);
  float* to = table.data_ptr<float>();
  const auto kept = std::min(width, static_cast<int64_t>(code.size()));
  for (int64_t token = 0; token < table.size(0); ++token, to += width) {
    const int64_t step = token / (grid_height * grid_width);
    const int64_t row = token / grid_width % grid_height;
    const int64_t column = token % grid_width;
    write_code(static_cast<double>(step), time_width, code.data());
    write_code(static_cast<double>(row), space_width, code.data() + time_width);
    write_code(static_cast<double>(column), space_width, code.data() + time_width + space_width);
    std::transform(code.begin(), code.begin() + kept, to,
                   [](double value) { return static_cast<float>(value); });
  }
  return table;
}

at::Tensor sinusoid_positions(int64_t rows, int64_t width) {
  at::Tensor table = at::empty({rows, width}, at::kFloat);
  float* to = table.data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row, to += width) {
    for (int64_t j = 0; j < width; ++j) {
      const int64_t pair = j / 2;
      const double exponent = 2.0 * static_cast<double>(pair) / static_cast<double>(width);
      const double angle = static_cast<double>(row) / std::pow(kCodeBase, exponent);
      to[j] = static_cast<float>(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return table;
}

}  // namespace physprobe

#include "physprobe/encoders/vit_rotary.h"

#include "physprobe/encoders/vit_kernels.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace physprobe {
namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;
constexpr double kVideoBase = 10000.0;

/// Centre of patch `index` of `count` in [-1, 1], in float32 as in the reference.
float coordinate(int64_t index, int64_t count) {
  return 2.0F * ((static_cast<float>(index) + 0.5F) / static_cast<float>(count)) - 1.0F;
}

/// Radians per unit of a coordinate for channel `j` of a slice.
double video_frequency(VitPositions positions, int64_t j, int64_t slice) {
  const int64_t frequencies = slice / 2;
  if (positions == VitPositions::kRotaryVideoTiled) {
    return std::pow(kVideoBase,
                    -static_cast<double>(j % frequencies) / static_cast<double>(frequencies));
  }
  // For the even slices of V-JEPA 2.1 this is -k / F.
  const int64_t pair = j / 2;
  return std::pow(kVideoBase, -2.0 * static_cast<double>(pair) / static_cast<double>(slice));
}

double stretch(const VitConfig& config, int64_t side) {
  if (config.rotary_side == 0 || side < 2) return 1.0;
  return static_cast<double>(config.rotary_side - 1) / static_cast<double>(side - 1);
}

}  // namespace

VitRotation axial_rotation(const at::Tensor& periods, int64_t grid_height, int64_t grid_width) {
  const int64_t frequencies = periods.numel();
  const int64_t half = 2 * frequencies;
  const int64_t patches = grid_height * grid_width;
  VitRotation rotation = {at::empty({patches, 2 * half}, at::kFloat),
                          at::empty({patches, 2 * half}, at::kFloat)};
  const float* period = periods.data_ptr<float>();
  float* sine = rotation.sine.data_ptr<float>();
  float* cosine = rotation.cosine.data_ptr<float>();
  for (int64_t patch = 0; patch < patches; ++patch) {
    const float places[2] = {coordinate(patch / grid_width, grid_height),
                             coordinate(patch % grid_width, grid_width)};
    for (int64_t i = 0; i < half; ++i) {
      const auto angle =
          static_cast<float>(kTwoPi) * places[i / frequencies] / period[i % frequencies];
      for (const int64_t channel : {i, i + half}) {
        sine[patch * 2 * half + channel] = std::sin(angle);
        cosine[patch * 2 * half + channel] = std::cos(angle);
      }
    }
  }
  return rotation;
}

VitRotation video_rotation(const VitConfig& config,
                           int64_t steps,
                           int64_t grid_height,
                           int64_t grid_width) {
  const int64_t head_width = config.head_width();
  const int64_t slice = config.rotary_slice();
  const int64_t rotated = slice / 2 * 2;
  const int64_t tokens = steps * grid_height * grid_width;
  VitRotation rotation = {at::zeros({tokens, head_width}, at::kFloat),
                          at::ones({tokens, head_width}, at::kFloat)};
  std::vector<double> frequencies(static_cast<std::size_t>(rotated));
  for (int64_t j = 0; j < rotated; ++j) {
    frequencies[static_cast<std::size_t>(j)] = video_frequency(config.positions, j, slice);
  }
  const double row_stretch = stretch(config, grid_height);
  const double column_stretch = stretch(config, grid_width);
  float* sine = rotation.sine.data_ptr<float>();
  float* cosine = rotation.cosine.data_ptr<float>();
  for (int64_t token = 0; token < tokens; ++token, sine += head_width, cosine += head_width) {
    const int64_t step = token / (grid_height * grid_width);
    const int64_t row = token / grid_width % grid_height;
    const int64_t column = token % grid_width;
    const double places[3] = {static_cast<double>(step), row_stretch * static_cast<double>(row),
                              column_stretch * static_cast<double>(column)};
    for (int64_t axis = 0; axis < 3; ++axis) {
      for (int64_t j = 0; j < rotated; ++j) {
        const double angle = places[axis] * frequencies[static_cast<std::size_t>(j)];
        const double sign = j % 2 == 0 ? -1.0 : 1.0;
        sine[axis * slice + j] = static_cast<float>(sign * std::sin(angle));
        cosine[axis * slice + j] = static_cast<float>(std::cos(angle));
      }
    }
  }
  return rotation;
}

void rotate_queries_and_keys(const VitConfig& config,
                             const VitRotation& rotation,
                             int64_t rows,
                             float* qkv) {
  const int64_t head_width = config.head_width();
  const float* sine = rotation.sine.data_ptr<float>();
  const float* cosine = rotation.cosine.data_ptr<float>();
  const int64_t both = 2 * config.heads;  // queries and keys lie side by side
  const int64_t slice = config.rotary_slice();
  const bool is_video = config.is_rotary_in_video();
  for (int64_t row = 0; row < rows; ++row, sine += head_width, cosine += head_width) {
    float* x = qkv + row * 3 * config.width;
    if (!is_video) {
      vit_kernels().rotate_halves(x, sine, cosine, both, head_width);
    } else if (slice % 2 == 0) {  // pairs lie the same in the head as in its slices
      vit_kernels().rotate_pairs(x, sine, cosine, both, head_width, 0, 3 * slice);
    } else {
      for (int64_t axis = 0; axis < 3; ++axis) {
        vit_kernels().rotate_pairs(x, sine, cosine, both, head_width, axis * slice, slice - 1);
      }
    }
  }
}

}  // namespace physprobe

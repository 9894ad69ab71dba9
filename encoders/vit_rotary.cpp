#include "physprobe/encoders/vit_rotary.h"

#include "physprobe/encoders/vit_kernels.h"

#include <ATen/ATen.h>

#include <cmath>

namespace physprobe {
namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;

/// Centre of patch `index` of `count` in [-1, 1], in float32 as in the reference.
float coordinate(int64_t index, int64_t count) {
  return 2.0F * ((static_cast<float>(index) + 0.5F) / static_cast<float>(count)) - 1.0F;
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

void rotate_queries_and_keys(const VitConfig& config,
                             const VitRotation& rotation,
                             int64_t rows,
                             float* qkv) {
  const int64_t head_width = config.head_width();
  const float* sine = rotation.sine.data_ptr<float>();
  const float* cosine = rotation.cosine.data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row, sine += head_width, cosine += head_width) {
    // Queries and keys lie side by side: twice the heads.
    vit_kernels().rotate_halves(qkv + row * 3 * config.width, sine, cosine, 2 * config.heads,
                                head_width);
  }
}

}  // namespace physprobe

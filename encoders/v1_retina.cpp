#include "physprobe/encoders/v1_retina.h"

#include "physprobe/core/pi.h"
#include "physprobe/encoders/v1_kernels.h"

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr int64_t kRadius = 15;
constexpr double kCentreSigma = 0.85810719;
constexpr double kSurroundSigma = 6.954941055036527;
constexpr double kMeanSigma = 13.076674190430372;
constexpr double kContrastSigma = 1.630411795856161;
constexpr double kCentreWeight = 1.25;
constexpr float kLuminanceGain = 1.71438707F;
constexpr float kContrastGain = 5.83368648F;
constexpr float kContrastFloor = 1e-6F;
constexpr float kSoftplusThreshold = 20.0F;

/// exp(-i^2 / 2s^2) / (sqrt(2 pi) s): the outer product with itself is the two-dimensional
/// Gaussian.
std::vector<double> gaussian_taps(double sigma) {
  std::vector<double> taps;
  for (int64_t i = -kRadius; i <= kRadius; ++i) {
    const double offset = static_cast<double>(i);
    taps.push_back(std::exp(-offset * offset / (2.0 * sigma * sigma)) /
                   (std::sqrt(2.0 * kPi) * sigma));
  }
  return taps;
}

double sum_of(const std::vector<double>& taps) {
  double sum = 0.0;
  for (const double tap : taps) sum += tap;
  return sum;
}

std::vector<double> scaled(std::vector<double> taps, double factor) {
  for (double& tap : taps) tap *= factor;
  return taps;
}

RetinaKernels build_kernels() {
  const std::vector<double> centre = gaussian_taps(kCentreSigma);
  const std::vector<double> surround = gaussian_taps(kSurroundSigma);
  const std::vector<double> contrast = gaussian_taps(kContrastSigma);
  const double total = kCentreWeight * std::pow(sum_of(centre), 2) - std::pow(sum_of(surround), 2);
  return {scaled(centre, std::sqrt(kCentreWeight / total)),
          scaled(surround, std::sqrt(1.0 / total)), gaussian_taps(kMeanSigma),
          scaled(contrast, 1.0 / sum_of(contrast))};
}

/// Half of a symmetric kernel in fp32, from the centre outwards. Outer taps below 2^-40 of the
/// centre are left out: in fp32 they cannot change a sum of values of similar size.
std::vector<float> half_taps(const std::vector<double>& taps) {
  std::vector<float> half;
  for (int64_t offset = 0; offset <= kRadius; ++offset) {
    const double tap = taps[static_cast<std::size_t>(kRadius + offset)];
    if (tap < std::ldexp(taps[kRadius], -40)) break;
    half.push_back(static_cast<float>(tap));
  }
  return half;
}

/// Valid correlation of the replicate-padded image with the separable kernel whose half is `half`.
std::vector<float> smooth(const float* image,
                          int64_t height,
                          int64_t width,
                          const std::vector<float>& half) {
  const int64_t radius = static_cast<int64_t>(half.size()) - 1;
  const int64_t taps = radius + 1;
  const auto size = [](int64_t n) { return static_cast<std::size_t>(n); };
  // Horizontally into rows that already carry the vertical padding, then vertically.
  std::vector<float> rows(size((height + 2 * radius) * width));
  std::vector<float> padded(size(width + 2 * radius));
  for (int64_t y = 0; y < height; ++y) {
    const float* row = image + y * width;
    std::fill(padded.begin(), padded.begin() + radius, row[0]);
    std::copy(row, row + width, padded.begin() + radius);
    std::fill(padded.end() - radius, padded.end(), row[width - 1]);
    v1_kernels().symmetric_sum(padded.data() + radius, 1, half.data(), taps, width,
                               rows.data() + (y + radius) * width);
  }
  for (int64_t y = 0; y < radius; ++y) {
    std::copy_n(rows.begin() + radius * width, width, rows.begin() + y * width);
    std::copy_n(rows.begin() + (radius + height - 1) * width, width,
                rows.begin() + (radius + height + y) * width);
  }
  std::vector<float> out(size(height * width));
  for (int64_t y = 0; y < height; ++y) {
    v1_kernels().symmetric_sum(rows.data() + (y + radius) * width, width, half.data(), taps, width,
                               out.data() + y * width);
  }
  return out;
}

struct HalfKernels {
  std::vector<float> centre, surround, mean, contrast;
};

const HalfKernels& half_kernels() {
  static const HalfKernels halves = {
      half_taps(retina_kernels().centre), half_taps(retina_kernels().surround),
      half_taps(retina_kernels().mean), half_taps(retina_kernels().contrast)};
  return halves;
}

float softplus(float value) {
  return value > kSoftplusThreshold ? value : std::log1p(std::exp(value));
}

}  // namespace

const RetinaKernels& retina_kernels() {
  static const RetinaKernels kernels = build_kernels();
  return kernels;
}

RetinaStages retina_response(const float* pixel, int64_t height, int64_t width, float* output) {
  const std::size_t area = static_cast<std::size_t>(height * width);
  RetinaStages stages;
  stages.centre_surround = smooth(pixel, height, width, half_kernels().centre);
  const std::vector<float> surround = smooth(pixel, height, width, half_kernels().surround);
  stages.local_mean = smooth(pixel, height, width, half_kernels().mean);
  stages.luminance_normalised.resize(area);
  std::vector<float> squared(area);
  for (std::size_t i = 0; i < area; ++i) {
    stages.centre_surround[i] -= surround[i];
    const float value = stages.centre_surround[i] / (1.0F + kLuminanceGain * stages.local_mean[i]);
    stages.luminance_normalised[i] = value;
    squared[i] = value * value;
  }
  stages.local_contrast = smooth(squared.data(), height, width, half_kernels().contrast);
  stages.contrast_normalised.resize(area);
  for (std::size_t i = 0; i < area; ++i) {
    stages.local_contrast[i] = std::sqrt(stages.local_contrast[i] + kContrastFloor);
    stages.contrast_normalised[i] =
        stages.luminance_normalised[i] / (1.0F + kContrastGain * stages.local_contrast[i]);
    output[i] = softplus(stages.contrast_normalised[i]);
  }
  return stages;
}

}  // namespace physprobe

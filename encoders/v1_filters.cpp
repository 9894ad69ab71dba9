#include "physprobe/encoders/v1_filters.h"

#include "physprobe/core/error.h"
#include "physprobe/core/pi.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <string>

namespace physprobe {
namespace {

constexpr std::size_t kCachedSizes = 4;

/// a_K = 2^(K-1) (K-1)! / sqrt(K (2(K-1))!).
double orientation_constant(int64_t count) {
  const double order = static_cast<double>(count - 1);
  return std::exp(order * std::log(2.0) + std::lgamma(order + 1.0) -
                  0.5 * (std::log(static_cast<double>(count)) + std::lgamma(2.0 * order + 1.0)));
}

/// `constant` |cos(angle - t_k)|^(K-1).
double scaled_gain(double constant, double angle, int64_t orientation, int64_t orientation_count) {
  const double centre =
      kPi * static_cast<double>(orientation) / static_cast<double>(orientation_count);
  const double cosine = std::abs(std::cos(angle - centre));
  double gain = constant;
  for (int64_t power = 1; power < orientation_count; ++power) gain *= cosine;
  return gain;
}

int64_t signed_bin(int64_t index, int64_t size) {
  return 2 * index <= size ? index : index - size;
}

struct Frequency {
  double radius;
  double angle;  ///< Of the bin, or of its mirror image when the column is negative.
  bool is_mirrored;
};

Frequency frequency_at(int64_t row, int64_t column, int64_t height, int64_t width) {
  const double x =
      2.0 * kPi * static_cast<double>(signed_bin(column, width)) / static_cast<double>(width);
  const double y =
      -2.0 * kPi * static_cast<double>(signed_bin(row, height)) / static_cast<double>(height);
  const bool is_mirrored = x < 0.0;
  return {std::sqrt(x * x + y * y), is_mirrored ? std::atan2(-y, -x) : std::atan2(y, x),
          is_mirrored};
}

PyramidFilters::Level build_level(int64_t height, int64_t width, int64_t orientations) {
  PyramidFilters::Level level;
  level.height = height;
  level.width = width;
  const int64_t area = height * width;
  const double constant = orientation_constant(orientations);
  level.analytic.resize(static_cast<std::size_t>(orientations * area));
  level.lowpass.resize(static_cast<std::size_t>(area));
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      const Frequency at = frequency_at(row, column, height, width);
      const int64_t bin = row * width + column;
      level.lowpass[static_cast<std::size_t>(bin)] =
          static_cast<float>(pyramid_lowpass(at.radius) / 4.0);
      const double high = pyramid_highpass(at.radius);
      for (int64_t k = 0; k < orientations && high > 0.0; ++k) {
        // The odd band is real, so its filter's sign is odd under reflection through the origin.
        const int sign = (at.is_mirrored ? -1 : 1) * hilbert_sign(at.angle, k, orientations);
        const double gain =
            sign < 0 ? 0.0 : scaled_gain(constant, at.angle, k, orientations) * (1 + sign);
        level.analytic[static_cast<std::size_t>(k * area + bin)] = static_cast<float>(high * gain);
      }
    }
  }
  return level;
}

PyramidFilters build_filters(int64_t height, int64_t width, int64_t scales, int64_t orientations) {
  PyramidFilters filters;
  filters.height = height;
  filters.width = width;
  filters.orientations = orientations;
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      const double half_radius = frequency_at(row, column, height, width).radius / 2.0;
      filters.highpass.push_back(static_cast<float>(pyramid_highpass(half_radius)));
      filters.lowpass.push_back(static_cast<float>(pyramid_lowpass(half_radius) / 2.0));
    }
  }
  for (int64_t scale = 0; scale < scales; ++scale) {
    filters.levels.push_back(build_level(height >> scale, width >> scale, orientations));
  }
  return filters;
}

}  // namespace

double pyramid_lowpass(double radius) {
  if (radius <= kPi / 4.0) return 2.0;
  if (radius >= kPi / 2.0) return 0.0;
  return 2.0 * std::cos(kPi / 2.0 * std::log2(4.0 * radius / kPi));
}

double pyramid_highpass(double radius) {
  if (radius <= kPi / 4.0) return 0.0;
  if (radius >= kPi / 2.0) return 1.0;
  return std::cos(kPi / 2.0 * std::log2(2.0 * radius / kPi));
}

double orientation_gain(double angle, int64_t orientation, int64_t orientation_count) {
  return scaled_gain(orientation_constant(orientation_count), angle, orientation,
                     orientation_count);
}

int hilbert_sign(double angle, int64_t orientation, int64_t orientation_count) {
  const double centre =
      kPi * static_cast<double>(orientation) / static_cast<double>(orientation_count);
  const double distance = std::abs(angle - centre);
  if (distance < kPi / 2.0) return 1;
  return distance > kPi / 2.0 ? -1 : 0;
}

std::shared_ptr<const PyramidFilters> pyramid_filters(int64_t height,
                                                      int64_t width,
                                                      int64_t scales,
                                                      int64_t orientations) {
  const int64_t step = int64_t{1} << scales;
  if (height < step || width < step || height % step != 0 || width % step != 0) {
    throw Error(ErrorKind::kUsage, "v1",
                "frames of " + std::to_string(height) + "x" + std::to_string(width) +
                    " cannot be split into " + std::to_string(scales) +
                    " scales; height and width must be multiples of " + std::to_string(step) +
                    " (lower options.scales or resize with options.size)");
  }
  static std::mutex mutex;
  static std::deque<std::shared_ptr<const PyramidFilters>> cache;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = std::find_if(cache.begin(), cache.end(), [&](const auto& known) {
    return known->height == height && known->width == width &&
           known->orientations == orientations &&
           static_cast<int64_t>(known->levels.size()) == scales;
  });
  if (found != cache.end()) {
    // The size used last is the last to go.
    std::rotate(found, found + 1, cache.end());
    return cache.back();
  }
  cache.push_back(
      std::make_shared<const PyramidFilters>(build_filters(height, width, scales, orientations)));
  if (cache.size() > kCachedSizes) cache.pop_front();
  return cache.back();
}

}  // namespace physprobe

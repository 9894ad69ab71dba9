#include "physprobe/video/resample_taps.h"

#include "physprobe/core/error.h"

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

/// Keys' cubic; a = -0.5 in Pillow and torch's antialiasing, -0.75 in torch without it.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  const double angle = x * M_PI;
  return std::sin(angle) / angle;
}

double filter_value(ResampleFilter filter, double x) {
  switch (filter) {
    case ResampleFilter::kBilinear:
      return std::max(0.0, 1.0 - std::abs(x));
    case ResampleFilter::kBicubic:
      return cubic(x, -0.5);
    case ResampleFilter::kLanczos:
      return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
  }
  throw Error(ErrorKind::kInternal, "resample", "unknown filter");
}

double filter_support(ResampleFilter filter) {
  switch (filter) {
    case ResampleFilter::kBilinear:
      return 1.0;
    case ResampleFilter::kBicubic:
      return 2.0;
    case ResampleFilter::kLanczos:
      return 3.0;
  }
  throw Error(ErrorKind::kInternal, "resample", "unknown filter");
}

void append(ResampleTaps& taps, int64_t first, const std::vector<double>& weights) {
  taps.first.push_back(static_cast<int32_t>(first));
  taps.count.push_back(static_cast<int32_t>(weights.size()));
  taps.offset.push_back(taps.weights.size());
  for (const double weight : weights) {
    const double scaled = weight * static_cast<double>(1 << kPillowPrecisionBits);
    taps.weights.push_back(static_cast<float>(weight));
    taps.fixed_weights.push_back(static_cast<int32_t>(scaled + (scaled < 0.0 ? -0.5 : 0.5)));
  }
}

/// Pillow's rule (libImaging/Resample.c, in double), which torch's antialias=True follows with
/// scale, centre and distance rounded to float32: the difference shows once it is divided by a
/// small standard deviation.
void append_antialiased(ResampleTaps& taps,
                        int64_t n_in,
                        int64_t n_out,
                        int64_t i,
                        ResampleFilter filter,
                        ResampleArithmetic arithmetic) {
  const auto rounded = [&](double value) {
    return arithmetic == ResampleArithmetic::kFloatAntialias
               ? static_cast<double>(static_cast<float>(value))
               : value;
  };
  const double scale = rounded(static_cast<double>(n_in) / static_cast<double>(n_out));
  const double filter_scale = std::max(scale, 1.0);
  const double support = rounded(filter_support(filter) * filter_scale);
  const double centre = rounded((static_cast<double>(i) + 0.5) * scale);
  const auto low = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
  const auto high = std::min<int64_t>(n_in, static_cast<int64_t>(centre + support + 0.5));
  std::vector<double> weights;
  double sum = 0.0;
  const double inverse_scale = rounded(1.0 / filter_scale);
  for (int64_t j = low; j < high; ++j) {
    const double distance = rounded(static_cast<double>(j) - centre) + 0.5;
    const double weight = filter_value(filter, rounded(distance * inverse_scale));
    weights.push_back(weight);
    sum += weight;
  }
  if (sum != 0.0) {
    for (double& weight : weights) weight /= sum;
  }
  append(taps, low, weights);
}

/// torch's antialias=False, align_corners=False: two or four taps, those outside moved to the edge.
void append_plain(
    ResampleTaps& taps, int64_t n_in, int64_t n_out, int64_t i, ResampleFilter filter) {
  if (filter == ResampleFilter::kLanczos) {
    throw Error(
        ErrorKind::kUsage, "preprocess.filter",
        "lanczos without antialiasing is defined by no reference; choose pillow_uint8 arithmetic");
  }
  const double scale = static_cast<double>(n_in) / static_cast<double>(n_out);
  double centre = (static_cast<double>(i) + 0.5) * scale - 0.5;
  if (filter == ResampleFilter::kBilinear) centre = std::max(0.0, centre);
  const auto base = static_cast<int64_t>(std::floor(centre));
  const double t = centre - static_cast<double>(base);
  const int64_t reach = filter == ResampleFilter::kBilinear ? 0 : 1;
  const auto clamped = [&](int64_t j) { return std::clamp<int64_t>(j, 0, n_in - 1); };
  const int64_t first = clamped(base - reach);
  std::vector<double> weights(static_cast<std::size_t>(clamped(base + 1 + reach) - first + 1), 0.0);
  for (int64_t j = base - reach; j <= base + 1 + reach; ++j) {
    const double distance = static_cast<double>(j - base) - t;
    const double weight = filter == ResampleFilter::kBilinear ? filter_value(filter, distance)
                                                              : cubic(distance, -0.75);
    weights[static_cast<std::size_t>(clamped(j) - first)] += weight;
  }
  append(taps, first, weights);
}

}  // namespace

ResampleTaps make_resample_taps(int64_t n_in,
                                int64_t n_out,
                                int64_t begin,
                                int64_t end,
                                ResampleFilter filter,
                                ResampleArithmetic arithmetic) {
  ResampleTaps taps;
  for (int64_t i = begin; i < end; ++i) {
    if (n_in == n_out) {
      append(taps, i, {1.0});
    } else if (arithmetic == ResampleArithmetic::kFloatPlain) {
      append_plain(taps, n_in, n_out, i, filter);
    } else {
      append_antialiased(taps, n_in, n_out, i, filter, arithmetic);
    }
  }
  taps.input_begin = *std::min_element(taps.first.begin(), taps.first.end());
  for (std::size_t i = 0; i < taps.first.size(); ++i) {
    taps.input_end = std::max(taps.input_end, taps.first[i] + taps.count[i]);
  }
  return taps;
}

}  // namespace physprobe

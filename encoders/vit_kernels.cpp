#include "physprobe/encoders/vit_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Vectors wider than the default target's registers are only passed between functions that are
// inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

#define PHYSPROBE_INLINE inline __attribute__((always_inline))

// One clone per level of the x86-64 instruction set, chosen when the program starts. This file
// alone is compiled with contraction (CMakeLists.txt), so that the levels with FMA use it; the
// levels agree to rounding, as do BLAS kernels. Sanitizers start after the resolvers of such
// functions would run, so they get the plain loop.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && defined(__x86_64__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHYSPROBE_VIT_CLONES \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define PHYSPROBE_VIT_CLONES
#endif

namespace physprobe {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kHalfLanes = 8;
constexpr float kLowest = -3.402823466e38F;
using Floats = float __attribute__((vector_size(64)));
using Integers = int32_t __attribute__((vector_size(64)));
using HalfFloats = float __attribute__((vector_size(32)));
using Doubles = double __attribute__((vector_size(64)));

PHYSPROBE_INLINE Floats load(const float* from) {
  Floats value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

PHYSPROBE_INLINE void store(float* to, const Floats& value) {
  std::memcpy(to, &value, sizeof(value));
}

/// The last `count` < 16 numbers of a row; the lanes behind them are 0.
PHYSPROBE_INLINE Floats load_tail(const float* from, int64_t count) {
  float values[kLanes] = {};
  for (int64_t i = 0; i < count; ++i) values[i] = from[i];
  return load(values);
}

PHYSPROBE_INLINE void store_tail(float* to, const Floats& value, int64_t count) {
  float values[kLanes];
  store(values, value);
  for (int64_t i = 0; i < count; ++i) to[i] = values[i];
}

PHYSPROBE_INLINE Floats broadcast(float value) {
  return Floats{} + value;
}

PHYSPROBE_INLINE Floats smaller(const Floats& a, const Floats& b) {
  return a < b ? a : b;
}
PHYSPROBE_INLINE Floats larger(const Floats& a, const Floats& b) {
  return a > b ? a : b;
}

/// e^x to 1e-7 relative for x in [-87, 88], clamped to that range outside (Cody-Waite reduction,
/// Taylor to degree 7).
PHYSPROBE_INLINE Floats exponential(const Floats& x) {
  const Floats clamped = larger(smaller(x, broadcast(88.0F)), broadcast(-87.0F));
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to the nearest integer
  const Floats shifted = clamped * 1.44269504F + kRound;
  const Floats n = shifted - kRound;
  const Floats r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
  Floats p = r * (1.0F / 5040.0F) + (1.0F / 720.0F);
  p = p * r + (1.0F / 120.0F);
  p = p * r + (1.0F / 24.0F);
  p = p * r + (1.0F / 6.0F);
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  Integers exponent = __builtin_convertvector(n, Integers);
  exponent = (exponent + 127) << 23;
  Floats power;
  std::memcpy(&power, &exponent, sizeof(power));
  return p * power;
}

/// 0.5 v (1 + erf(v / sqrt 2)). erf(x) = x P(x^2) / Q(x^2) up to |x| = 3.83 (4.2e-7; the
/// coefficients are those of Eigen's float erf), beyond which it is 1 to that accuracy.
PHYSPROBE_INLINE Floats gelu(const Floats& v) {
  constexpr float kEdge = 3.832507F;
  const Floats scaled = v * 0.70710678F;
  const Floats x = larger(smaller(scaled, broadcast(kEdge)), broadcast(-kEdge));
  const Floats square = x * x;
  Floats p = square * -2.72614225801306e-10F + 2.77068142495902e-08F;
  p = p * square - 2.10102402082508e-06F;
  p = p * square - 5.69250639462346e-05F;
  p = p * square - 7.34990630326855e-04F;
  p = p * square - 2.95459980854025e-03F;
  p = p * square - 1.60960333262415e-02F;
  Floats q = square * -1.45660718464996e-05F - 2.13374055278905e-04F;
  q = q * square - 1.68282697438203e-03F;
  q = q * square - 7.37332916720468e-03F;
  q = q * square - 1.42647390514189e-02F;
  const Floats half = v * 0.5F;
  return half * (x * p / q) + half;
}

PHYSPROBE_INLINE Floats silu(const Floats& v) {
  return v / (exponential(-v) + 1.0F);
}

PHYSPROBE_INLINE Doubles load_doubles(const float* from) {
  HalfFloats value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_convertvector(value, Doubles);
}

/// The lower lanes plus the upper ones, in double.
PHYSPROBE_INLINE Doubles half_sums(const Floats& value) {
  HalfFloats halves[2];
  std::memcpy(halves, &value, sizeof(halves));
  return __builtin_convertvector(halves[0], Doubles) + __builtin_convertvector(halves[1], Doubles);
}

PHYSPROBE_INLINE float lane_maximum(const Floats& lanes) {
  HalfFloats halves[2];
  std::memcpy(halves, &lanes, sizeof(halves));
  const HalfFloats eight = halves[0] > halves[1] ? halves[0] : halves[1];
  float values[kHalfLanes];
  std::memcpy(values, &eight, sizeof(values));
  for (int64_t step = kHalfLanes / 2; step > 0; step /= 2) {
    for (int64_t i = 0; i < step; ++i) values[i] = std::max(values[i], values[i + step]);
  }
  return values[0];
}

PHYSPROBE_INLINE Integers lane_numbers() {
  return Integers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

/// The lanes in a fixed order.
PHYSPROBE_INLINE double lane_sum(const Doubles& lanes) {
  double values[kHalfLanes];
  std::memcpy(values, &lanes, sizeof(values));
  return ((values[0] + values[1]) + (values[2] + values[3])) +
         ((values[4] + values[5]) + (values[6] + values[7]));
}

PHYSPROBE_INLINE double row_mean(const float* x, int64_t width) {
  Doubles lanes = {};
  int64_t i = 0;
  for (; i + kHalfLanes <= width; i += kHalfLanes) lanes += load_doubles(x + i);
  double sum = lane_sum(lanes);
  for (; i < width; ++i) sum += static_cast<double>(x[i]);
  return sum / static_cast<double>(width);
}

PHYSPROBE_INLINE double row_variance(const float* x, double mean, int64_t width) {
  Doubles lanes = {};
  int64_t i = 0;
  for (; i + kHalfLanes <= width; i += kHalfLanes) {
    const Doubles difference = load_doubles(x + i) - mean;
    lanes += difference * difference;
  }
  double sum = lane_sum(lanes);
  for (; i < width; ++i) {
    const double difference = static_cast<double>(x[i]) - mean;
    sum += difference * difference;
  }
  return sum / static_cast<double>(width);
}

}  // namespace

PHYSPROBE_VIT_CLONES
void layer_norm_rows(const float* x,
                     const float* weight,
                     const float* bias,
                     double epsilon,
                     int64_t rows,
                     int64_t width,
                     float* out) {
  for (int64_t row = 0; row < rows; ++row, x += width, out += width) {
    const double mean = row_mean(x, width);
    const auto factor = static_cast<float>(1.0 / std::sqrt(row_variance(x, mean, width) + epsilon));
    const auto centre = static_cast<float>(mean);
    for (int64_t i = 0; i < width; ++i) out[i] = (x[i] - centre) * factor * weight[i] + bias[i];
  }
}

PHYSPROBE_VIT_CLONES
void add_bias_rows(float* x, const float* bias, int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; ++row, x += width) {
    for (int64_t i = 0; i < width; ++i) x[i] += bias[i];
  }
}

PHYSPROBE_VIT_CLONES
void bias_gelu_rows(float* x, const float* bias, int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; ++row, x += width) {
    int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) store(x + i, gelu(load(x + i) + load(bias + i)));
    const int64_t rest = width - i;
    if (rest > 0) {
      store_tail(x + i, gelu(load_tail(x + i, rest) + load_tail(bias + i, rest)), rest);
    }
  }
}

PHYSPROBE_VIT_CLONES
void bias_swiglu_rows(const float* x, const float* bias, int64_t rows, int64_t hidden, float* out) {
  for (int64_t row = 0; row < rows; ++row, x += 2 * hidden, out += hidden) {
    int64_t i = 0;
    for (; i + kLanes <= hidden; i += kLanes) {
      const Floats gate = load(x + i) + load(bias + i);
      const Floats value = load(x + hidden + i) + load(bias + hidden + i);
      store(out + i, silu(gate) * value);
    }
    const int64_t rest = hidden - i;
    if (rest > 0) {
      const Floats gate = load_tail(x + i, rest) + load_tail(bias + i, rest);
      const Floats value = load_tail(x + hidden + i, rest) + load_tail(bias + hidden + i, rest);
      store_tail(out + i, silu(gate) * value, rest);
    }
  }
}

PHYSPROBE_VIT_CLONES
void add_residual_rows(float* residual,
                       const float* update,
                       const float* bias,
                       const float* scale,
                       int64_t rows,
                       int64_t width) {
  for (int64_t row = 0; row < rows; ++row, residual += width, update += width) {
    if (scale == nullptr) {
      for (int64_t i = 0; i < width; ++i) residual[i] += update[i] + bias[i];
    } else {
      for (int64_t i = 0; i < width; ++i) residual[i] += (update[i] + bias[i]) * scale[i];
    }
  }
}

PHYSPROBE_VIT_CLONES
void softmax_rows(float* x, int64_t rows, int64_t width, int64_t stride) {
  const int64_t padded = (width + kLanes - 1) / kLanes * kLanes;
  const int64_t last = padded - kLanes;
  const Integers is_padding = lane_numbers() >= static_cast<int32_t>(width - last);
  for (int64_t row = 0; row < rows; ++row, x += stride) {
    store(x + last, is_padding ? broadcast(kLowest) : load(x + last));
    Floats highest = load(x);
    for (int64_t i = kLanes; i < padded; i += kLanes) highest = larger(highest, load(x + i));
    const Floats shift = broadcast(lane_maximum(highest));
    Doubles sums = {};
    for (int64_t i = 0; i < last; i += kLanes) {
      const Floats power = exponential(load(x + i) - shift);
      store(x + i, power);
      sums += half_sums(power);
    }
    const Floats tail = is_padding ? Floats{} : exponential(load(x + last) - shift);
    store(x + last, tail);
    sums += half_sums(tail);
    const auto factor = static_cast<float>(1.0 / lane_sum(sums));
    for (int64_t i = 0; i < padded; i += kLanes) store(x + i, load(x + i) * factor);
  }
}

}  // namespace physprobe

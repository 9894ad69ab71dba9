#include "physprobe/probes/step_kernel.h"

#include <algorithm>
#include <cstring>

// One object file serves every x86-64: GCC compiles each loop for three instruction sets and the
// loader picks one. Contraction is off, so all three round alike. Sanitizers instrument the
// resolvers, which run before their runtime exists; such builds keep the plain version.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHYSPROBE_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define PHYSPROBE_CLONES
#endif
#define PHYSPROBE_INLINE inline __attribute__((always_inline))

namespace physprobe::step_kernel {
namespace {

constexpr int64_t kLanes = 8;
typedef double Lanes __attribute__((vector_size(64)));
typedef float FloatLanes __attribute__((vector_size(32)));

PHYSPROBE_INLINE void load(const float* source, Lanes& out) {
  FloatLanes narrow;
  std::memcpy(&narrow, source, sizeof(narrow));
  out = __builtin_convertvector(narrow, Lanes);
}

PHYSPROBE_INLINE void load(const double* source, Lanes& out) {
  std::memcpy(&out, source, sizeof(out));
}

PHYSPROBE_INLINE double total(const Lanes& lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/// One block of `advance`; two sets of lanes hide the latency of the additions.
template <typename T>
PHYSPROBE_INLINE void advance_block(
    const T* x, const T* last, T* before, int64_t size, StepSums& sums) {
  Lanes squared[2] = {};
  Lanes dot[2] = {};
  int64_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t at = i + half * kLanes;
      Lanes now, previous, earlier;
      load(x + at, now);
      load(last + at, previous);
      load(before + at, earlier);
      std::memcpy(before + at, x + at, kLanes * sizeof(T));
      const Lanes step = now - previous;
      squared[half] += step * step;
      dot[half] += step * (previous - earlier);
    }
  }
  double tail_squared = 0.0;
  double tail_dot = 0.0;
  for (; i < size; ++i) {
    const double step = static_cast<double>(x[i]) - static_cast<double>(last[i]);
    tail_squared += step * step;
    tail_dot += step * (static_cast<double>(last[i]) - static_cast<double>(before[i]));
    before[i] = x[i];
  }
  sums.squared_length += total(squared[0] + squared[1]) + tail_squared;
  sums.dot += total(dot[0] + dot[1]) + tail_dot;
}

template <typename T>
PHYSPROBE_INLINE StepSums advance_all(const T* x, const T* last, T* before, int64_t size) {
  StepSums sums;
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    advance_block(x + begin, last + begin, before + begin, std::min(kBlock, size - begin), sums);
  }
  return sums;
}

/// Adds in the same order as `advance_block`, so that both give the same length of the same step.
template <typename T>
PHYSPROBE_INLINE double distance_block(const T* x, const T* y, int64_t size) {
  Lanes squared[2] = {};
  int64_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    for (int64_t half = 0; half < 2; ++half) {
      Lanes a, b;
      load(x + i + half * kLanes, a);
      load(y + i + half * kLanes, b);
      const Lanes step = a - b;
      squared[half] += step * step;
    }
  }
  double tail = 0.0;
  for (; i < size; ++i) {
    const double step = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    tail += step * step;
  }
  return total(squared[0] + squared[1]) + tail;
}

}  // namespace

PHYSPROBE_CLONES StepSums advance(const float* x, const float* last, float* before, int64_t size) {
  return advance_all(x, last, before, size);
}

PHYSPROBE_CLONES StepSums advance(const double* x,
                                  const double* last,
                                  double* before,
                                  int64_t size) {
  return advance_all(x, last, before, size);
}

PHYSPROBE_CLONES double block_squared_distance(const float* x, const float* y, int64_t size) {
  return distance_block(x, y, size);
}

PHYSPROBE_CLONES double block_squared_distance(const double* x, const double* y, int64_t size) {
  return distance_block(x, y, size);
}

double squared_distance(const float* x, const float* y, int64_t size) {
  double sum = 0.0;
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    sum += block_squared_distance(x + begin, y + begin, std::min(kBlock, size - begin));
  }
  return sum;
}

double squared_distance(const double* x, const double* y, int64_t size) {
  double sum = 0.0;
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    sum += block_squared_distance(x + begin, y + begin, std::min(kBlock, size - begin));
  }
  return sum;
}

}  // namespace physprobe::step_kernel

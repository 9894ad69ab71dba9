#pragma once
// The inner loops of trajectory geometry: one pass over memory per vector, sums in double in an
// order fixed by this file (lanes within blocks, then blocks in sequence), so that every
// instruction set and every caller obtains the same bits. Internal to probes/.

#include <cstdint>

namespace physprobe::step_kernel {

/// Elements summed in lanes before their total joins the running sum; callers that cut vectors into
/// pieces cut at multiples of it and keep the bits.
constexpr int64_t kBlock = 4096;

struct StepSums {
  double squared_length = 0.0;  ///< sum (x - last)^2; not finite if x is not.
  double dot = 0.0;             ///< sum (x - last) (last - before).
};

/// Reads x, `last` and `before` once and leaves x in `before` (the next pass's `last`).
StepSums advance(const float* x, const float* last, float* before, int64_t size);
StepSums advance(const double* x, const double* last, double* before, int64_t size);

/// sum (x - y)^2 over `size` <= kBlock elements; differences taken in double.
double block_squared_distance(const float* x, const float* y, int64_t size);
double block_squared_distance(const double* x, const double* y, int64_t size);

/// The same over any size: block totals added in sequence.
double squared_distance(const float* x, const float* y, int64_t size);
double squared_distance(const double* x, const double* y, int64_t size);

}  // namespace physprobe::step_kernel

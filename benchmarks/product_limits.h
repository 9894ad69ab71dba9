#pragma once
// How fast one core of this machine multiplies and adds numbers of each width: independent
// instructions on registers, with no memory behind them. What a dtype can gain is settled here,
// before any library. Internal to the benchmarks.

namespace physprobe {

/// GFLOP/s of one thread, median of nine rounds by CPU time; 0: this processor or build lacks the
/// instruction. The sums are verified.
struct ProductLimits {
  double float32 = 0.0;   ///< vfmadd231ps on 512 bits.
  double bfloat16 = 0.0;  ///< vdpbf16ps, the dot product of pairs. AMX is not measured.
  double float16 = 0.0;   ///< vfmadd231ph on 512 bits.
};

ProductLimits product_limits();

}  // namespace physprobe

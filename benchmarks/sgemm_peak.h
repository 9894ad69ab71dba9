#pragma once
// The speed limit of matrix products on this machine, as this process can reach it. Internal to the
// benchmarks.

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct SgemmSpeed {
  std::string library;  ///< "BLAS (Prescott kernels)", "oneDNN 2.6.3".
  double gflops = 0.0;  ///< Of the median of seven 2048^3 single-precision products.
  double operations = 0.0;
  std::function<void()> run;  ///< One such product again, to be timed in turns with others.
};

/// Every library of products in this process on `threads` threads, fastest first. The first is the
/// peak: an OpenBLAS that does not know the processor runs kernels far below what the processor
/// can do, and is no limit to be held against. Each result is verified against a double product.
std::vector<SgemmSpeed> sgemm_speeds(int threads);

/// GFLOP/s of one 2048^3 product of bfloat16 through LibTorch (oneDNN) on one thread, verified;
/// 0 where LibTorch cannot. This is the way that `dtype: bfloat16` goes, AMX included.
double bfloat16_product_speed();

}  // namespace physprobe

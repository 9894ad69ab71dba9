#pragma once
// The speed limit of matrix products on this machine, as this process can reach it. Internal to the
// benchmarks.

#include <string>
#include <vector>

namespace physprobe {

struct SgemmSpeed {
  std::string library;  ///< "BLAS (Prescott kernels)", "oneDNN 2.6.3".
  double gflops = 0.0;  ///< Of the median of seven 2048^3 single-precision products.
};

/// Every library of products in this process on `threads` threads, fastest first. The first is the
/// peak: an OpenBLAS that does not know the processor runs kernels far below what the processor
/// can do, and is no limit to be held against. Each result is verified against a double product.
std::vector<SgemmSpeed> sgemm_speeds(int threads);

}  // namespace physprobe

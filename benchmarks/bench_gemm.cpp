#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/sgemm_peak.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/vit_gemm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <functional>

namespace physprobe {
namespace {

constexpr int64_t kSide = 2048;
constexpr int64_t kRepetitions = 7;

at::Tensor drawn(int64_t seed) {
  // A fixed pattern without a generator: values in [-1, 1).
  const at::Tensor index = at::arange(kSide * kSide, at::kLong);
  return ((index * int64_t{2654435761} + seed * 40503) % 65536)
      .to(at::kFloat)
      .div(32768.0F)
      .sub(1.0F)
      .reshape({kSide, kSide});
}

/// "BLAS (SkylakeX kernels)" where OpenBLAS says which, else "BLAS".
std::string blas_name() {
  using CoreName = char* (*)();
  const auto name = reinterpret_cast<CoreName>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "BLAS" : fmt::format("BLAS ({} kernels)", name());
}

}  // namespace

std::vector<SgemmSpeed> sgemm_speeds(int threads) {
  const at::Tensor a = drawn(1);
  const at::Tensor b = drawn(2);
  const at::Tensor row = at::mv(b.to(at::kDouble).t(), a[17].to(at::kDouble));
  at::Tensor c = at::empty({kSide, kSide});
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  const auto measured = [&](const std::string& library, const std::function<void()>& product) {
    c.zero_();
    const double seconds = median_seconds(kRepetitions, product);
    // fp32 sums of 2048 products of values below 1: rounding stays below 1e-2 by a wide margin.
    require_correct((row - c[17].to(at::kDouble)).abs().max().item<double>() < 1e-2, "gemm",
                    "a row differs from the double product");
    return SgemmSpeed{library, 2.0 * std::pow(static_cast<double>(kSide), 3.0) / seconds / 1e9};
  };
  std::vector<SgemmSpeed> speeds = {measured(blas_name(), [&] { at::mm_out(c, a, b); })};
  if (product_library() != "BLAS") {
    const MatrixView left = {a.data_ptr<float>(), kSide, kSide, kSide};
    const MatrixView right = {b.data_ptr<float>(), kSide, kSide, kSide};
    speeds.push_back(measured(product_library(),
                              [&] { multiply(left, right, 1.0F, c.data_ptr<float>(), kSide); }));
  }
  at::set_num_threads(before);
  std::stable_sort(
      speeds.begin(), speeds.end(),
      [](const SgemmSpeed& left, const SgemmSpeed& right) { return left.gflops > right.gflops; });
  return speeds;
}

Results bench_gemm(int64_t /*repetitions*/) {
  Results results;
  std::vector<int> thread_counts = {1};
  if (default_thread_count() > 1) thread_counts.push_back(default_thread_count());
  for (const int threads : thread_counts) {
    const std::vector<SgemmSpeed> speeds = sgemm_speeds(threads);
    for (const SgemmSpeed& speed : speeds) {
      BenchmarkResult result;
      result.name = fmt::format("gemm/sgemm-2048/{}/threads-{}", speed.library, threads);
      result.value = speed.gflops;
      result.unit = "GFLOP/s";
      result.repetitions = kRepetitions;
      result.limit_name = "the fastest library of this process, which the encoder is held against";
      result.limit = speeds.front().gflops;
      result.ratio = result.value / result.limit;
      result.verified = "one row against the double product";
      results.push_back(result);
    }
  }
  return results;
}

}  // namespace physprobe

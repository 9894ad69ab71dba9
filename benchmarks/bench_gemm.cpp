#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cmath>

namespace physprobe {
namespace {

constexpr int64_t kSide = 2048;

at::Tensor drawn(int64_t seed) {
  // A fixed pattern without a generator: values in [-1, 1).
  const at::Tensor index = at::arange(kSide * kSide, at::kLong);
  return ((index * int64_t{2654435761} + seed * 40503) % 65536)
      .to(at::kFloat)
      .div(32768.0F)
      .sub(1.0F)
      .reshape({kSide, kSide});
}

}  // namespace

double sgemm_peak_gflops(int threads) {
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  const at::Tensor a = drawn(1);
  const at::Tensor b = drawn(2);
  at::Tensor c = at::empty({kSide, kSide});
  const double seconds = median_seconds(7, [&] { at::mm_out(c, a, b); });
  at::set_num_threads(before);
  const at::Tensor row = at::mv(b.to(at::kDouble).t(), a[17].to(at::kDouble));
  // fp32 sums of 2048 products of values below 1: rounding stays below 1e-2 by a wide margin.
  require_correct((row - c[17].to(at::kDouble)).abs().max().item<double>() < 1e-2, "gemm",
                  "a row differs from the double product");
  return 2.0 * std::pow(static_cast<double>(kSide), 3.0) / seconds / 1e9;
}

Results bench_gemm(int64_t /*repetitions*/) {
  Results results;
  const int all = default_thread_count();
  for (const int threads : {1, all}) {
    if (threads == all && all == 1 && !results.empty()) break;
    BenchmarkResult result;
    result.name = fmt::format("gemm/sgemm-2048/threads-{}", threads);
    result.value = sgemm_peak_gflops(threads);
    result.unit = "GFLOP/s";
    result.repetitions = 7;
    result.limit_name = "itself: the peak the encoder is held against";
    result.limit = result.value;
    result.ratio = 1.0;
    result.verified = "one row against the double product";
    results.push_back(result);
  }
  return results;
}

}  // namespace physprobe

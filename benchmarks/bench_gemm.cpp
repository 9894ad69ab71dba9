#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/product_limits.h"
#include "physprobe/benchmarks/sgemm_peak.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/vit_gemm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <dlfcn.h>
#include <exception>
#include <functional>

namespace physprobe {
namespace {

constexpr int64_t kSide = 2048;
constexpr double kOperations = 2.0 * kSide * kSide * kSide;
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
  const auto measured = [&](const std::string& library, const std::function<void()>& product) {
    SgemmSpeed speed;
    speed.library = library;
    speed.operations = kOperations;
    speed.run = [product, threads] {
      const int before = at::get_num_threads();
      at::set_num_threads(threads);
      product();
      at::set_num_threads(before);
    };
    c.zero_();
    speed.gflops = kOperations / median_seconds(kRepetitions, speed.run) / 1e9;
    // fp32 sums of 2048 products of values below 1: rounding stays below 1e-2 by a wide margin.
    require_correct((row - c[17].to(at::kDouble)).abs().max().item<double>() < 1e-2, "gemm",
                    "a row differs from the double product");
    return speed;
  };
  std::vector<SgemmSpeed> speeds = {
      measured(blas_name(), [a, b, c]() mutable { at::mm_out(c, a, b); })};
  if (product_library() != "BLAS") {
    speeds.push_back(measured(product_library(), [a, b, c] {
      const MatrixView left = {a.data_ptr<float>(), kSide, kSide, kSide};
      const MatrixView right = {b.data_ptr<float>(), kSide, kSide, kSide};
      multiply(left, right, 1.0F, c.data_ptr<float>(), kSide);
    }));
  }
  std::stable_sort(
      speeds.begin(), speeds.end(),
      [](const SgemmSpeed& left, const SgemmSpeed& right) { return left.gflops > right.gflops; });
  return speeds;
}

double bfloat16_product_speed() {
  const at::Tensor a = drawn(1).to(at::kBFloat16);
  const at::Tensor b = drawn(2).to(at::kBFloat16);
  at::Tensor c = at::empty({kSide, kSide}, at::kBFloat16);
  double seconds = 0.0;
  try {
    parallel_for(1, 1,
                 [&](int64_t) { seconds = median_cpu_seconds(3, [&] { at::mm_out(c, a, b); }); });
  } catch (const std::exception&) {
    return 0.0;  // oneDNN limited by DNNL_MAX_CPU_ISA
  }
  const at::Tensor row = at::mv(b.to(at::kDouble).t(), a[17].to(at::kDouble));
  // The result is rounded to eight bits: sums here stay below 100.
  require_correct((row - c[17].to(at::kDouble)).abs().max().item<double>() < 0.5, "bfloat16 gemm",
                  "a row differs from the double product");
  return kOperations / seconds / 1e9;
}

namespace {

/// What the processor's instructions allow, whatever the library.
Results instruction_limits() {
  const ProductLimits limits = product_limits();
  Results results;
  const auto add = [&](const char* name, double value, const char* instruction) {
    if (value <= 0.0) return;
    BenchmarkResult result;
    result.name = fmt::format("gemm/limit-of-this-machine/{}", name);
    result.value = value;
    result.unit = "GFLOP/s a core";
    result.repetitions = 9;
    result.limit_name = fmt::format("float32's limit ({})", instruction);
    result.limit = limits.float32;
    result.ratio = result.value / result.limit;
    result.verified = "the sum of all products";
    results.push_back(result);
  };
  add("float32", limits.float32, "vfmadd231ps on registers");
  add("bfloat16", limits.bfloat16, "by vdpbf16ps on registers, without AMX");
  add("float16", limits.float16, "by vfmadd231ph on registers");
  add("bfloat16-product-2048", limits.float32 > 0.0 ? bfloat16_product_speed() : 0.0,
      "by oneDNN, with AMX where there is one");
  return results;
}

}  // namespace

Results bench_gemm(int64_t /*repetitions*/) {
  Results results = instruction_limits();
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

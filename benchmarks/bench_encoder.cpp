#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/sgemm_peak.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_gemm.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {
namespace {

constexpr int64_t kBatch = 8;
constexpr int64_t kSide = 224;

at::Tensor drawn_images() {
  const at::Tensor index = at::arange(kBatch * 3 * kSide * kSide, at::kLong);
  return ((index * int64_t{2654435761}) % 65536)
      .to(at::kFloat)
      .div(32768.0F)
      .sub(1.0F)
      .reshape({kBatch, 1, 3, kSide, kSide});
}

std::unique_ptr<Encoder> drawn_dinov2(const std::string& size, const char* dtype) {
  return make_encoder(nlohmann::json{
      {"family", "dinov2"}, {"options", {{"size", size}, {"random_seed", 0}, {"dtype", dtype}}}});
}

std::vector<int> thread_counts() {
  std::vector<int> counts = {1};
  if (default_thread_count() > 1) counts.push_back(default_thread_count());
  return counts;
}

/// Seconds of a batch, after its bits have been checked.
double verified_seconds(const Encoder& encoder,
                        const at::Tensor& images,
                        int threads,
                        int64_t repetitions) {
  const EncodeOptions options = {{"norm"}, true, threads};
  const at::Tensor together = encoder.encode(images, options).front().tokens;
  const at::Tensor alone = encoder.encode(images.slice(0, 3, 4), options).front().tokens;
  require_correct(at::equal(together.slice(0, 3, 4), alone), "encoder",
                  "a sample's bits depend on its batch");
  require_correct(at::isfinite(together).all().item<bool>(), "encoder", "values are not finite");
  return median_seconds(repetitions, [&] { encoder.encode(images, options); });
}

/// float32 against the peak of products, bfloat16 against our own float32.
Results bench_size(const std::string& size, double target, double narrow, int64_t repetitions) {
  const at::Tensor images = drawn_images();
  const double operations =
      static_cast<double>(kBatch) * vit_flops(vit_size(vit_family("dinov2"), size), kSide, kSide);
  const auto whole = drawn_dinov2(size, "float32");
  const auto rounded = drawn_dinov2(size, "bfloat16");
  Results results;
  for (const int threads : thread_counts()) {
    BenchmarkResult result;
    result.name = fmt::format("encoder/dinov2-{}-224-batch8/threads-{}", size, threads);
    result.value = operations / verified_seconds(*whole, images, threads, repetitions) / 1e9;
    result.unit = "GFLOP/s";
    result.repetitions = repetitions;
    const SgemmSpeed peak = sgemm_speeds(threads).front();
    result.limit_name = "SGEMM peak of this process on as many threads: " + peak.library;
    result.limit = peak.gflops;
    result.verified = "a sample alone has the same bits as in the batch; finite; products by " +
                      product_library();
    results.push_back(with_target(result, target, true));
    BenchmarkResult half = result;
    half.name += "/bfloat16";
    half.value = operations / verified_seconds(*rounded, images, threads, repetitions) / 1e9;
    half.limit_name = "the same model in float32";
    half.limit = result.value;
    half.verified = "a sample alone has the same bits as in the batch; finite";
    results.push_back(with_target(half, narrow, true));
  }
  return results;
}

}  // namespace

Results bench_encoder(int64_t repetitions) {
  return bench_size("vits14", 0.80, 1.4, repetitions);
}

Results bench_large_encoders(int64_t repetitions) {
  Results results = bench_size("vitb14", 0.85, 1.6, repetitions);
  for (BenchmarkResult& result : bench_size("vitl14", 0.85, 1.6, repetitions)) {
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace physprobe

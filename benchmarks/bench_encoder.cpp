#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/sgemm_peak.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_gemm.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

}  // namespace

Results bench_encoder(int64_t repetitions) {
  const auto encoder = make_encoder(
      nlohmann::json{{"family", "dinov2"}, {"options", {{"size", "vits14"}, {"random_seed", 0}}}});
  const at::Tensor images = drawn_images();
  EncodeOptions options;
  options.taps = {"norm"};
  const double operations = static_cast<double>(kBatch) * vit_flops(VitConfig{}, kSide, kSide);
  Results results;
  std::vector<int> thread_counts = {1};
  if (default_thread_count() > 1) thread_counts.push_back(default_thread_count());
  for (const int threads : thread_counts) {
    options.threads = threads;
    const at::Tensor together = encoder->encode(images, options).front().tokens;
    const at::Tensor alone = encoder->encode(images.slice(0, 3, 4), options).front().tokens;
    require_correct(at::equal(together.slice(0, 3, 4), alone), "encoder",
                    "a sample's bits depend on its batch");
    require_correct(at::isfinite(together).all().item<bool>(), "encoder", "values are not finite");
    const double seconds = median_seconds(repetitions, [&] { encoder->encode(images, options); });
    BenchmarkResult result;
    result.name = fmt::format("encoder/dinov2-vits14-224-batch8/threads-{}", threads);
    result.value = operations / seconds / 1e9;
    result.unit = "GFLOP/s";
    result.repetitions = repetitions;
    const SgemmSpeed peak = sgemm_speeds(threads).front();
    result.limit_name = "SGEMM peak of this process on as many threads: " + peak.library;
    result.limit = peak.gflops;
    result.verified = "a sample alone has the same bits as in the batch; finite; products by " +
                      product_library();
    results.push_back(with_target(result, 0.75, true));
  }
  return results;
}

}  // namespace physprobe

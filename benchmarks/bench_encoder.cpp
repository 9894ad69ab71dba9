#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/product_limits.h"
#include "physprobe/benchmarks/sgemm_peak.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/vit_family.h"
#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_half.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
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

/// Checks that a sample has the same bits alone and in its batch.
void verify(const Encoder& encoder, const at::Tensor& images, int threads) {
  const EncodeOptions options = {{"norm"}, true, threads};
  const int64_t last = images.size(0) - 1;
  const at::Tensor together = encoder.encode(images, options).front().tokens;
  const at::Tensor alone = encoder.encode(images.slice(0, last, last + 1), options).front().tokens;
  require_correct(at::equal(together.slice(0, last, last + 1), alone), "encoder",
                  "a sample's bits depend on its batch");
  require_correct(at::isfinite(together).all().item<bool>(), "encoder", "values are not finite");
}

/// What a narrower dtype can gain in products here, by its instructions and its library.
struct Narrow {
  std::string dtype;
  double limit = 0.0;  ///< Times float32; 0: not known.
  bool can_gain() const { return limit >= kWorthwhile; }

  /// Below this the targets, which suppose products at twice the pace, mean nothing.
  static constexpr double kWorthwhile = 1.8;
};

const std::vector<Narrow>& narrow_dtypes() {
  static const std::vector<Narrow> dtypes = [] {
    const ProductLimits limits = product_limits();
    std::vector<Narrow> found = {{"bfloat16", 0.0}};
    if (limits.float32 > 0.0) {
      found[0].limit = std::max(limits.bfloat16, bfloat16_product_speed()) / limits.float32;
    }
    if (has_half_products()) found.push_back({"float16", limits.float16 / limits.float32});
    return found;
  }();
  return dtypes;
}

struct Case {
  const char* size;
  double target;          ///< Of the SGEMM peak.
  double narrow_target;   ///< Of our own float32, where the processor's products gain.
  int64_t images;         ///< A batch for each thread.
  bool is_large = false;  ///< Narrow dtypes only where the processor can gain by them.
};

/// float32 against the peak of products, the narrower dtypes against float32, all in turns.
Results bench_size(const Case& of, int64_t repetitions) {
  const double operations = vit_flops(vit_size(vit_family("dinov2"), of.size), kSide, kSide);
  std::vector<Narrow> narrow_of;
  for (const Narrow& narrow : narrow_dtypes()) {
    if (!of.is_large || narrow.can_gain()) narrow_of.push_back(narrow);
  }
  std::vector<std::unique_ptr<Encoder>> encoders;
  encoders.push_back(drawn_dinov2(of.size, "float32"));
  for (const Narrow& narrow : narrow_of) {
    encoders.push_back(drawn_dinov2(of.size, narrow.dtype.c_str()));
  }
  Results results;
  for (const int threads : thread_counts()) {
    const at::Tensor images = drawn_images().slice(0, 0, std::min(kBatch, of.images * threads));
    const double work = operations * static_cast<double>(images.size(0));
    const SgemmSpeed peak = sgemm_speeds(threads).front();
    std::vector<std::function<void()>> bodies = {peak.run};
    for (const auto& encoder : encoders) {
      verify(*encoder, images, threads);
      bodies.emplace_back([&encoder, &images, threads] {
        encoder->encode(images, {{"norm"}, true, threads});
      });
    }
    const auto times = seconds_in_turns(repetitions, bodies);
    BenchmarkResult whole;
    whole.name =
        fmt::format("encoder/dinov2-{}-224-batch{}/threads-{}", of.size, images.size(0), threads);
    whole.value = work / median(times[1]) / 1e9;
    whole.unit = "GFLOP/s";
    whole.repetitions = repetitions;
    whole.limit_name = "SGEMM peak of this process on as many threads, in turns: " + peak.library;
    whole.limit = peak.operations / median(times[0]) / 1e9;
    whole.ratio = median_ratio(times[0], times[1]) * work / peak.operations;
    whole.verified = "a sample alone has the same bits as in the batch; finite; products by " +
                     product_library();
    results.push_back(against_target(whole, of.target, true));
    for (std::size_t i = 0; i < narrow_of.size(); ++i) {
      const Narrow& narrow = narrow_of[i];
      BenchmarkResult half = whole;
      half.name += "/" + narrow.dtype;
      half.value = work / median(times[i + 2]) / 1e9;
      half.limit_name = fmt::format("the same model in float32; {} limit of this machine: {:.2f}",
                                    narrow.dtype, narrow.limit);
      half.limit = whole.value;
      half.ratio = median_ratio(times[1], times[i + 2]);
      half.verified = "a sample alone has the same bits as in the batch; finite";
      results.push_back(narrow.can_gain() ? against_target(half, of.narrow_target, true) : half);
    }
  }
  return results;
}

}  // namespace

Results bench_encoder(int64_t repetitions) {
  return bench_size({"vits14", 0.80, 1.4, kBatch}, repetitions);
}

Results bench_large_encoders(int64_t repetitions) {
  // One image for each thread: an image is the unit of work, and the whole takes two minutes.
  const int64_t rounds = std::min<int64_t>(repetitions, 5);
  Results results = bench_size({"vitb14", 0.85, 1.6, 2, true}, rounds);
  for (BenchmarkResult& result : bench_size({"vitl14", 0.85, 1.6, 1, true}, rounds)) {
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace physprobe

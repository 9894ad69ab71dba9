#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/sgemm_peak.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/video_predictor.h"
#include "physprobe/encoders/vit_gemm.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <sys/resource.h>

namespace physprobe {
namespace {

constexpr int64_t kFrames = 16;
constexpr int64_t kSide = 224;
constexpr std::array<int64_t, 5> kContexts = {2, 4, 6, 8, 10};
constexpr const char* kSize = "vitl16";
constexpr int64_t kMostRepetitions = 3;  // the group is to end in minutes

at::Tensor drawn_windows(int64_t count) {
  const at::Tensor index = at::arange(count * kFrames * 3 * kSide * kSide, at::kLong);
  return ((index * int64_t{2654435761}) % 65536)
      .to(at::kFloat)
      .div(32768.0F)
      .sub(1.0F)
      .reshape({count, kFrames, 3, kSide, kSide});
}

struct Arithmetic {
  double ours = 0.0;       ///< Targets once for all contexts.
  double published = 0.0;  ///< Targets anew for every context, as the published code does.
};

Arithmetic arithmetic_of_a_window() {
  const VitFamily& family = vit_family("vjepa");
  const VitConfig encoder = vit_size(family, kSize);
  const int64_t per_step = kSide / encoder.patch * (kSide / encoder.patch);
  const int64_t tokens = kFrames / encoder.tubelet * per_step;
  double contexts = 0.0;  // blocks of encoder and predictor
  double patches = 0.0;
  for (const VitSize& size : family.sizes) {
    if (size.name != kSize) continue;
    for (const int64_t frames : kContexts) {
      const int64_t given = frames / encoder.tubelet * per_step;
      patches += vit_patch_flops(encoder, given);
      contexts +=
          vit_block_flops(encoder, given) + vit_decoder_flops(*size.decoder, given, tokens - given);
    }
  }
  const double targets = vit_patch_flops(encoder, tokens) + vit_block_flops(encoder, tokens);
  // The published code embeds all patches of the window before it takes any away.
  const auto count = static_cast<double>(kContexts.size());
  return {targets + patches + contexts,
          count * (targets + vit_patch_flops(encoder, tokens)) + contexts};
}

/// Peak memory of this process in MB.
double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0 / 1e6;
}

/// The targets and every context's prediction of each window.
std::vector<at::Tensor> all_contexts(const Predictor& predictor, const at::Tensor& windows) {
  const TokenGrid grid = predictor.grid(kFrames, kSide, kSide);
  const int64_t per_step = grid.tokens_per_step();
  const int64_t tokens = grid.time_steps * per_step;
  std::vector<at::Tensor> results = {predictor.targets(windows)};
  for (const int64_t frames : kContexts) {
    const int64_t given = frames / predictor.info().frames_per_step * per_step;
    results.push_back(predictor.predict(windows.narrow(1, 0, frames),
                                        at::arange(0, given, at::kLong),
                                        at::arange(given, tokens, at::kLong), kFrames));
  }
  return results;
}

/// Seconds of every call, the results of the last one: a window takes half a minute of a core, so
/// that the calls which are timed are those which are verified, and none goes before them.
std::vector<double> time_all_contexts(const Predictor& predictor,
                                      const at::Tensor& windows,
                                      int64_t repetitions,
                                      std::vector<at::Tensor>& results) {
  std::vector<double> seconds;
  for (int64_t i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    results = all_contexts(predictor, windows);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return seconds;
}

/// Checks the results of several windows, the first of which has been computed `alone` before.
void require_results(const std::vector<at::Tensor>& together,
                     const std::vector<at::Tensor>& alone) {
  for (std::size_t i = 0; i < together.size(); ++i) {
    require_correct(at::equal(together[i][0], alone[i][0]), "surprise",
                    "a window's bits depend on its batch");
    require_correct(at::isfinite(together[i]).all().item<bool>(), "surprise",
                    "values are not finite");
  }
}

}  // namespace

Results bench_surprise(int64_t asked) {
  const int64_t repetitions = std::min(asked, kMostRepetitions);
  const auto predictor =
      make_untrained_video_predictor(vit_family("vjepa"), kSize, 0, /*shares_encoder=*/false);
  const Arithmetic arithmetic = arithmetic_of_a_window();
  BenchmarkResult share;
  share.name = "surprise/vjepa-vitl16-16x224-5-contexts/arithmetic";
  share.value = arithmetic.ours / 1e12;
  share.unit = "TFLOP a window";
  share.repetitions = 1;
  share.limit_name = "targets encoded anew for every context, as published";
  share.limit = arithmetic.published / 1e12;
  share.verified = "counted from the shapes, not measured";
  Results results = {with_target(share, 0.45, false)};
  std::vector<int> counts = {1};
  if (default_thread_count() > 1) counts.push_back(default_thread_count());
  std::vector<at::Tensor> alone;
  double peak_of_one_window = 0.0;
  for (const int threads : counts) {
    const at::Tensor windows = drawn_windows(threads);  // a window is a thread's work
    std::vector<at::Tensor> computed;
    const double seconds = median(time_all_contexts(*predictor, windows, repetitions, computed));
    if (alone.empty()) {
      alone = computed;
      peak_of_one_window = peak_mb();
    }
    require_results(computed, alone);
    BenchmarkResult result;
    result.name = fmt::format("surprise/vjepa-vitl16-16x224-5-contexts/threads-{}", threads);
    result.value = static_cast<double>(threads) * arithmetic.ours / seconds / 1e9;
    result.unit = "GFLOP/s";
    result.repetitions = repetitions;
    const SgemmSpeed peak = sgemm_speeds(threads).front();
    result.limit_name = "SGEMM peak of this process on as many threads: " + peak.library;
    result.limit = peak.gflops;
    result.verified =
        std::string(threads > 1 ? "a window alone has the same bits as in the batch; " : "") +
        "finite; products by " + product_library();
    results.push_back(with_target(result, 0.75, true));
  }
  BenchmarkResult memory;
  memory.name = "surprise/vjepa-vitl16-16x224-5-contexts/memory";
  memory.value = peak_of_one_window;
  memory.unit = "MB at the peak of this process, one window at a time (groups before included)";
  memory.repetitions = 1;
  memory.limit_name = "3.2 GB, with an encoder each for context and targets";
  memory.limit = 3200.0;
  memory.verified = "the windows above were run";
  results.push_back(with_target(memory, 1.0, false));
  return results;
}

}  // namespace physprobe

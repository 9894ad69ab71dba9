#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/memory/visual_memory.h"
#include "physprobe/probes/trajectory.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

at::Tensor drawn(int64_t rows, int64_t columns, uint64_t seed) {
  Rng rng(seed);
  at::Tensor values = at::empty({rows, columns}, at::kFloat);
  float* data = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) data[i] = static_cast<float>(rng.uniform()) - 0.5F;
  return values;
}

}  // namespace

Results bench_search(int64_t repetitions) {
  constexpr int64_t kCases = 100'000;
  constexpr int64_t kWidth = 384;
  constexpr int64_t kQueries = 64;
  const at::Tensor vectors = drawn(kCases, kWidth, 1);
  std::vector<MemoryCase> cases;
  for (int64_t i = 0; i < kCases; ++i) cases.push_back({fmt::format("{:06}", i), "", ""});
  const auto memory = VisualMemory::create(kWidth, Metric::kCosine);
  memory->add(vectors, cases);
  MemoryQuery query;
  query.vectors = drawn(kQueries, kWidth, 2);
  query.exclude = Exclude::kNothing;
  query.k = 10;
  const Neighbours found = memory->search(query);
  const at::Tensor unit = vectors / vectors.norm(2, 1, true);
  const at::Tensor similarity = at::mv(unit, query.vectors[0] / query.vectors[0].norm());
  require_correct(
      found.ids[0][0] == cases[static_cast<std::size_t>(similarity.argmax().item<int64_t>())].id,
      "search", "the nearest case differs from brute force");
  BenchmarkResult result;
  result.name = "search/100000x384-k10-batch64";
  result.value =
      static_cast<double>(kQueries) / median_seconds(repetitions, [&] { memory->search(query); });
  result.unit = "queries/s";
  result.repetitions = repetitions;
  result.limit_name = "the matrix product alone";
  at::Tensor scores = at::empty({kQueries, kCases});
  const at::Tensor transposed = unit.t();
  result.limit = static_cast<double>(kQueries) / median_seconds(repetitions, [&] {
                   at::mm_out(scores, query.vectors, transposed);
                 });
  result.ratio = result.value / result.limit;
  result.verified = "nearest case against brute force";
  return {result};
}

Results bench_trajectory(int64_t repetitions) {
  constexpr int64_t kFrames = 24;
  constexpr int64_t kWidth = 698'880;  // v1 at its defaults
  const at::Tensor trajectory = drawn(kFrames, kWidth, 3);
  const TrajectoryGeometry geometry = trajectory_geometry(trajectory);
  const double expected =
      (trajectory[1].to(at::kDouble) - trajectory[0].to(at::kDouble)).norm().item<double>();
  // Both sum 698,880 squares in double: 1e-12 relative is far above their rounding.
  require_correct(std::abs(geometry.distance[0] - expected) < 1e-12 * expected, "trajectory",
                  "a step differs from LibTorch's double norm");
  const double bytes = static_cast<double>(trajectory.nbytes());
  BenchmarkResult result;
  result.name = "trajectory/v1-24-frames";
  result.value =
      bytes / median_seconds(repetitions, [&] { trajectory_geometry(trajectory); }) / 1e9;
  result.unit = "GB/s of input";
  result.repetitions = repetitions;
  result.limit_name = "copying the same memory on one thread";
  at::Tensor copy = at::empty_like(trajectory);
  result.limit = bytes /
                 median_seconds(repetitions,
                                [&] {
                                  std::copy_n(trajectory.data_ptr<float>(), trajectory.numel(),
                                              copy.data_ptr<float>());
                                }) /
                 1e9;
  result.ratio = result.value / result.limit;
  result.verified = "first step against LibTorch's double norm";
  return {result};
}

Results bench_v1(int64_t repetitions) {
  const auto encoder = make_encoder(nlohmann::json{{"family", "v1"}});
  const at::Tensor frames = drawn(4, 256 * 256, 4).add(0.5F).reshape({4, 1, 1, 256, 256});
  EncodeOptions options;
  options.taps = {"v1"};
  const at::Tensor together = encoder->encode(frames, options).front().tokens;
  const at::Tensor alone = encoder->encode(frames.slice(0, 2, 3), options).front().tokens;
  require_correct(at::equal(together.slice(0, 2, 3), alone), "v1",
                  "a frame's bits depend on its batch");
  BenchmarkResult result;
  result.name = fmt::format("v1/256-batch4/threads-{}", default_thread_count());
  result.value = 4.0 / median_seconds(repetitions, [&] { encoder->encode(frames, options); });
  result.unit = "frames/s";
  result.repetitions = repetitions;
  result.limit_name = "the inverse transforms alone (96 irfft2 a frame, one thread)";
  std::vector<at::Tensor> spectra;
  for (int64_t side = 256; side >= 8; side /= 2)
    spectra.push_back(at::fft_rfft2(drawn(16, side * side, 5).reshape({16, side, side})));
  const double transforms = median_seconds(repetitions, [&] {
    for (const at::Tensor& spectrum : spectra) at::fft_irfft2(spectrum);
  });
  result.limit = 1.0 / transforms;
  result.ratio = result.value / result.limit;
  result.verified = "a frame alone has the same bits as in the batch";
  return {result};
}

}  // namespace physprobe

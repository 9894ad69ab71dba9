#include "physprobe/benchmarks/benchmark.h"

#include "physprobe/benchmarks/cases.h"
#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {

void require_correct(bool holds, const char* name, const char* what) {
  if (!holds)
    throw Error(ErrorKind::kCheckFailed, name,
                fmt::format("computes a wrong result ({}); its speed means nothing", what));
}

BenchmarkResult with_target(BenchmarkResult result, double target, bool at_least) {
  result.ratio = result.value / result.limit;
  return against_target(std::move(result), target, at_least);
}

BenchmarkResult against_target(BenchmarkResult result, double target, bool at_least) {
  result.target = fmt::format("{} {}", at_least ? "at least" : "at most", target);
  result.meets_target = at_least ? result.ratio >= target : result.ratio <= target;
  return result;
}

std::vector<std::string> benchmark_groups() {
  return {"gemm",       "encoder",         "large-encoders",   "encoder-memory",
          "end-to-end", "surprise",        "decode",           "preprocess",
          "search",     "store",           "manifest",         "trajectory",
          "v1",         "start-up",        "run-memory",       "pairs",
          "physics-iq", "physics-iq-576p", "physics-iq-1080p", "physics-iq-2160p"};
}

std::vector<BenchmarkResult> run_benchmarks(
    const BenchmarkOptions& options, const std::function<void(const std::string&)>& announce) {
  for (const std::string& name : options.only) {
    const auto groups = benchmark_groups();
    if (std::find(groups.begin(), groups.end(), name) == groups.end()) {
      throw Error(
          ErrorKind::kUsage, "--only",
          fmt::format("'{}' is no group of benchmarks{}", name, did_you_mean(name, groups)));
    }
  }
  const auto wanted = [&](const char* group) {
    return options.only.empty() ||
           std::find(options.only.begin(), options.only.end(), group) != options.only.end();
  };
  std::vector<BenchmarkResult> all;
  const auto add = [&](const char* group, const std::function<Results()>& run) {
    announce(group);
    for (BenchmarkResult& result : run()) all.push_back(std::move(result));
  };
  const int64_t n = options.repetitions;
  if (wanted("gemm")) add("gemm", [&] { return bench_gemm(n); });
  if (wanted("encoder")) add("encoder", [&] { return bench_encoder(n); });
  if (wanted("large-encoders")) add("large-encoders", [&] { return bench_large_encoders(n); });
  if (wanted("encoder-memory")) add("encoder-memory", [] { return bench_encoder_memory(); });
  if (wanted("end-to-end")) add("end-to-end", [&] { return bench_end_to_end(n); });
  if (wanted("surprise")) add("surprise", [&] { return bench_surprise(n); });
  const bool decode = wanted("decode");
  const bool preprocess = wanted("preprocess");
  if (decode || preprocess) add("video", [&] { return bench_video(n, decode, preprocess); });
  if (wanted("search")) add("search", [&] { return bench_search(n); });
  if (wanted("store")) add("store", [&] { return bench_store(n); });
  if (wanted("manifest")) add("manifest", [&] { return bench_manifest(n); });
  if (wanted("trajectory")) add("trajectory", [&] { return bench_trajectory(n); });
  if (wanted("v1")) add("v1", [&] { return bench_v1(n); });
  if (wanted("start-up")) add("start-up", [&] { return bench_start_up(n); });
  if (wanted("run-memory")) add("run-memory", [&] { return bench_run_memory(); });
  if (wanted("pairs")) add("pairs", [&] { return bench_minimal_pairs(n); });
  // One size at a time is quick enough for a quiet moment; `physics-iq` is all three.
  for (const int64_t height : {576, 1080, 2160}) {
    const std::string group = fmt::format("physics-iq-{}p", height);
    if (wanted("physics-iq") || wanted(group.c_str()))
      add(group.c_str(), [&] { return bench_physics_iq(height, n); });
  }
  return all;
}

}  // namespace physprobe

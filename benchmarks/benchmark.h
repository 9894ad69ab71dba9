#pragma once
// What `physprobe bench` measures: each case verifies its result first, then is set against this
// machine's own limit, measured in the same process. No verdicts in tests: machines are noisy,
// ratios of one run are what counts.

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct BenchmarkResult {
  std::string name;    ///< "encoder/dinov2-vits14/threads-1".
  double value = 0.0;  ///< Median of the repetitions.
  std::string unit;
  int64_t repetitions = 0;
  std::string limit_name;  ///< What it is compared with, measured in the same run.
  double limit = 0.0;      ///< In `unit`.
  double ratio = 0.0;      ///< value / limit.
  std::string target;      ///< "at least 0.75", "at most 1.15"; "" when only informative.
  bool meets_target = true;
  std::string verified;  ///< How the result was checked before it was timed.
};

struct BenchmarkOptions {
  std::vector<std::string> only;  ///< Case groups: "gemm", "encoder", "decode", "preprocess",
                                  ///< "search", "trajectory", "v1", "physics-iq"; empty = all.
  int64_t repetitions = 7;
};

/// Runs the cases one after the other. Throws Error(kCheckFailed) when a result is wrong: a fast
/// wrong answer has no speed.
std::vector<BenchmarkResult> run_benchmarks(
    const BenchmarkOptions& options, const std::function<void(const std::string&)>& announce);

/// The groups `only` may name.
std::vector<std::string> benchmark_groups();

}  // namespace physprobe

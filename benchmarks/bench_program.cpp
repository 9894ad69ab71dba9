#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/child_program.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kManyClips = 1000;
constexpr int64_t kFewClips = 50;

/// A clip of its own: 9 frames of 64 x 64 in which a bright bar drifts over noise.
void write_tiny_clip(const std::string& path, int64_t index) {
  const at::Tensor pixel = at::arange(64 * 64 * 3, at::kLong);
  const at::Tensor ground =
      ((pixel * int64_t{2654435761} + index * 40503) % 97).to(at::kByte).reshape({64, 64, 3});
  VideoWriterOptions options;
  options.fps = 12.0;
  const auto writer = VideoWriter::open(path, 64, 64, options);
  for (int64_t t = 0; t < 9; ++t) {
    at::Tensor frame = ground.clone();
    const int64_t column = (index * 7 + t * 3) % 58;
    frame.slice(1, column, column + 6).fill_(200);
    writer->write(frame);
  }
  writer->close();
}

/// Peak memory in MB that a run over the first `clips` clips reports in its log.
double peak_of_run(const std::string& program, const std::string& folder, int64_t clips) {
  const std::string out = folder + fmt::format("/run-{}", clips);
  const int code = run_quietly({program, "run", folder + "/suite.yaml", "--out", out, "--limit",
                                std::to_string(clips), "-q", "--no-report"});
  require_correct(code == 0, "run memory",
                  fmt::format("the run ended with {}, see {}", code, out).c_str());
  const auto results = nlohmann::json::parse(read_file(out + "/results.json"));
  require_correct(results.at("counts").at("ok") == clips, "run memory", "clips are missing");
  return logged_peak_mb(out);
}

}  // namespace

Results bench_start_up(int64_t repetitions) {
  const std::string program = this_program();
  const std::string empty =
      (fs::path(program).parent_path() / "benchmarks" / "physprobe_empty_program").string();
  Results results;
  for (const char* argument : {"version", "--help"}) {
    require_correct(run_quietly({program, argument}) == 0, "start-up", "it ends with an error");
    BenchmarkResult result;
    result.name = fmt::format("start-up/{}", argument);
    result.unit = "ms CPU";
    result.repetitions = 3 * repetitions;
    result.verified = "both programs end with 0";
    if (fs::exists(empty)) {
      require_correct(run_quietly({empty}) == 0, "start-up", "the empty program fails");
      const PairedMedians medians = paired_median_child_cpu_seconds(
          result.repetitions,
          [&] {
            return run_quietly({program, argument});
          },
          [&] { return run_quietly({empty}); });
      result.value = 1e3 * medians.first;
      result.limit_name = "an empty program linked with the same libraries";
      result.limit = 1e3 * medians.second;
      results.push_back(with_target(result, 1.2, false));
    } else {
      result.value = 1e3 * median_child_cpu_seconds(repetitions, [&] {
                       return run_quietly({program, argument});
                     });
      result.limit_name = "the empty program is not beside this one (it stays in the build folder)";
      results.push_back(result);
    }
  }
  return results;
}

Results bench_run_memory() {
  const ScratchFolder folder;
  create_directories(folder.path() + "/clips");
  parallel_for(kManyClips, 0, [&](int64_t i) {
    write_tiny_clip(folder.path() + fmt::format("/clips/{:04}.mp4", i), i);
  });
  write_file_atomic(folder.path() + "/suite.yaml",
                    "name: memory\nsampling: {scheme: all}\nencoders:\n"
                    "  - {family: v1, options: {size: 64, scales: 3, orientations: 4}}\n"
                    "  - {family: pixels}\nstatistics: {resamples: 99}\n"
                    "dataset: {path: '" +
                        folder.path() + "/clips'}\n");
  BenchmarkResult result;
  result.name = fmt::format("run-memory/{}-clips", kManyClips);
  result.unit = "MB at the peak";
  result.repetitions = 1;
  result.limit_name = fmt::format("the same run over {} clips", kFewClips);
  result.limit = peak_of_run(this_program(), folder.path(), kFewClips);
  result.value = peak_of_run(this_program(), folder.path(), kManyClips);
  result.verified = "every clip has its results in both runs";
  return {with_target(result, 1.2, false)};
}

}  // namespace physprobe

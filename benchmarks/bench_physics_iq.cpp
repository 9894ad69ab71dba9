#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/child_program.h"
#include "physprobe/benchmarks/plain_motion_mask.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/eval/physics_iq/view_evaluation.h"
#include "physprobe/video/video_reader.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <numeric>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFrames = 150;
constexpr double kFps = 30.0;
constexpr double kBitsPerPixel = 0.2;

/// A camera that pans over a textured plane, with grain: what recordings cost a decoder.
class PannedPlane {
 public:
  PannedPlane(int64_t height, int64_t width, double grain) : height_(height), width_(width) {
    at::manual_seed(11);
    const at::Tensor coarse = at::rand({1, 3, height / 24 + 8, width / 24 + 16}) * 160.0 + 40.0;
    plane_ = at::upsample_bilinear2d(coarse, {height + 64, width + 320}, false)
                 .squeeze(0)
                 .permute({1, 2, 0})
                 .contiguous();
    grain_ = at::randn({height + 16, width + 16, 1}) * grain;
  }
  at::Tensor frame(int64_t t) const {
    Rng rng(static_cast<uint64_t>(t));
    const int64_t x = 2 * t;
    const auto gx = static_cast<int64_t>(rng.below(16));
    const auto gy = static_cast<int64_t>(rng.below(16));
    return (plane_.slice(0, 0, height_).slice(1, x, x + width_) +
            grain_.slice(0, gy, gy + height_).slice(1, gx, gx + width_))
        .clamp(0, 255)
        .to(at::kByte)
        .contiguous();
  }

 private:
  int64_t height_, width_;
  at::Tensor plane_, grain_;
};

double write_clip(const std::string& path,
                  const PannedPlane& plane,
                  int64_t height,
                  int64_t width) {
  VideoWriterOptions options;
  options.fps = kFps;
  const auto writer = VideoWriter::open(path, width, height, options);
  for (int64_t t = 0; t < kFrames; ++t) writer->write(plane.frame(t));
  writer->close();
  return 8.0 * static_cast<double>(fs::file_size(path)) /
         static_cast<double>(kFrames * height * width);
}

/// The grain, in grey levels, whose clips come near the wanted bits a pixel, found by halving on a
/// part of the picture; as long as the clips, because the first frames cost most. Grain and not the
/// encoder's quality: a step of that lets all grain through or none.
double choose_grain(const std::string& path) {
  constexpr int64_t kPartHeight = 360;
  constexpr int64_t kPartWidth = 640;
  constexpr int kSteps = 7;
  double low = 1.0;
  double high = 6.0;
  for (int step = 0; step < kSteps; ++step) {
    const double grain = 0.5 * (low + high);
    const PannedPlane plane(kPartHeight, kPartWidth, grain);
    const double bits = write_clip(path, plane, kPartHeight, kPartWidth);
    (bits > kBitsPerPixel ? high : low) = grain;
  }
  return 0.5 * (low + high);
}

/// The same pictures under another digest: an empty box at the end, which every reader skips.
void copy_with_free_box(const std::string& from, const std::string& to, char mark) {
  const char box[9] = {0, 0, 0, 9, 'f', 'r', 'e', 'e', mark};
  write_file_atomic(to, read_file(from) + std::string(box, sizeof(box)));
}

void decode(const std::string& path) {
  const auto reader = VideoReader::open(path);
  std::vector<int64_t> all(static_cast<std::size_t>(reader->info().frame_count));
  std::iota(all.begin(), all.end(), 0);
  reader->for_each(all, [](int64_t, double, const at::Tensor&) { return true; });
}

/// Three clips of one view and the job that evaluates them.
ViewJob make_view(const std::string& folder, int64_t height, int64_t width, double& bits) {
  const std::string first = folder + "/first.mp4";
  const PannedPlane plane(height, width, choose_grain(first));
  bits = write_clip(first, plane, height, width);
  for (const char mark : {'1', '2', 'g'})
    copy_with_free_box(first, folder + "/" + mark + ".mp4", mark);
  ViewJob job;
  job.scenario = "bench";
  job.view = "left";
  job.take1.path = folder + "/1.mp4";
  job.take2.path = folder + "/2.mp4";
  job.generated.push_back({0, {folder + "/g.mp4", 0.0}});
  job.fps = kFps;
  job.frames = kFrames;
  return job;
}

/// Identical clips must agree, and the first masks must be those of the plain loops.
void verify_view(const ViewJob& job, const ViewEvaluationOptions& options) {
  const ViewOutcome outcome = evaluate_view(job, options);
  require_correct(outcome.failures[0].empty(), "physics-iq", outcome.failures[0].c_str());
  require_correct(outcome.generated[0].metrics.spatial_iou_v1 == 1.0 &&
                      outcome.generated[0].metrics.mse_v1.back() == 0.0 &&
                      outcome.truth.area_take1.back() > 0,
                  "physics-iq", "identical clips differ, or nothing moves");
  constexpr int64_t kChecked = 4;
  VideoOptions video;
  video.colour_tags = ColourTags::kIgnored;
  PlainMotionMask plain;
  std::vector<int64_t> indices(kChecked);
  std::iota(indices.begin(), indices.end(), 0);
  VideoReader::open(job.take1.path, video)
      ->for_each(indices, [&](int64_t t, double, const at::Tensor& frame) {
        const int64_t area = plain.quarter_area(frame);
        require_correct(outcome.truth.area_take1[static_cast<std::size_t>(t)] == area, "physics-iq",
                        fmt::format("mask {} has {} pixels, plain loops give {}", t,
                                    outcome.truth.area_take1[static_cast<std::size_t>(t)], area)
                            .c_str());
        return true;
      });
}

constexpr const char* kVerified = "identical clips: IoU 1, error 0; masks equal plain loops";

/// CPU time of decoding, of cached and of computed masks, and of the mask codec, in turns.
void add_times(const ViewJob& job,
               const ViewEvaluationOptions& options,
               int64_t repetitions,
               const std::string& size,
               double bits,
               Results& results) {
  const auto forget = [](const std::string& folder) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    create_directories(folder);
  };
  ViewEvaluationOptions lossy = options;
  lossy.mask_path = MaskPath::kMp4v;
  lossy.cache += "-mp4v";
  std::vector<std::function<void()>> bodies = {
      [&] {
        for (const std::string& path : {job.take1.path, job.take2.path, job.generated[0].clip.path})
          decode(path);
      },
      [&] {
        forget(options.cache + "/views");
        evaluate_view(job, options);
      },
      [&] {
        forget(options.cache);
        evaluate_view(job, options);
      }};
  if (has_mask_codec())
    bodies.emplace_back([&] {
      forget(lossy.cache);
      evaluate_view(job, lossy);
    });
  // The verification has read the files and run the code.
  const std::vector<double> seconds = median_cpu_seconds_in_turns(repetitions, bodies, 0);
  const auto add = [&](const std::string& what, double value, double target) {
    BenchmarkResult result;
    result.name = fmt::format("physics-iq/{}/{}", what, size);
    result.value = value;
    result.unit = "s CPU a view";
    result.repetitions = repetitions;
    result.limit_name = fmt::format("decoding the three clips ({:.2f} bit a pixel)", bits);
    result.limit = seconds[0];
    result.verified = kVerified;
    result.ratio = result.value / result.limit;
    results.push_back(target > 0.0 ? with_target(result, target, false) : result);
  };
  add("masks-cached", seconds[1], 1.4);
  add("all-masks", seconds[2], 1.8);
  if (seconds.size() > 3) add("all-masks-mp4v", seconds[3], 0.0);
}

/// Arithmetic in registers, which two idle cores do in half the time of one.
void count_up() {
  volatile uint64_t sink = 0;
  uint64_t state = 1;
  for (int64_t i = 0; i < 400'000'000; ++i) state = state * 6364136223846793005U + 1;
  sink = state;
  static_cast<void>(sink);
}

/// Two views side by side against one after the other, wall time. A plain loop in the same turns
/// says how much of two cores the machine has to give.
void add_scaling(const ViewJob& job,
                 const ViewEvaluationOptions& options,
                 int64_t repetitions,
                 const std::string& size,
                 Results& results) {
  const auto two_views = [&](int threads) {
    parallel_for(2, threads, [&](int64_t i) {
      ViewEvaluationOptions own = options;
      own.cache = options.cache + fmt::format("-{}", i);
      std::error_code ignored;
      fs::remove_all(own.cache, ignored);
      create_directories(own.cache);
      evaluate_view(job, own);
    });
  };
  BenchmarkResult result;
  result.name = "physics-iq/two-views/" + size;
  const auto times =
      seconds_in_turns(repetitions, {[&] { two_views(1); }, [&] { two_views(2); },
                                     [] { parallel_for(2, 1, [](int64_t) { count_up(); }); },
                                     [] { parallel_for(2, 2, [](int64_t) { count_up(); }); }});
  result.value = median(times[0]);
  result.unit = "s, one thread";
  result.repetitions = repetitions;
  result.limit_name =
      fmt::format("two threads (a loop in registers: {:.2f})", median_ratio(times[2], times[3]));
  result.limit = median(times[1]);
  result.ratio = median_ratio(times[0], times[1]);
  result.verified = kVerified;
  results.push_back(against_target(result, 1.8, true));
}

/// Peak memory of the command itself over one view.
void add_memory(const ViewJob& job,
                const std::string& folder,
                const std::string& size,
                Results& results) {
  write_file_atomic(folder + "/set.csv", "generated,real,take2\n" + job.generated[0].clip.path +
                                             "," + job.take1.path + "," + job.take2.path + "\n");
  const std::string out = folder + "/out";
  const int code =
      run_quietly({this_program(), "score", "physics-iq", "--manifest", folder + "/set.csv",
                   "--out", out, "--masks", "direct", "--no-media", "--no-report", "-q"});
  require_correct(code == 0, "physics-iq", fmt::format("the command ended with {}", code).c_str());
  BenchmarkResult result;
  result.name = "physics-iq/memory/" + size;
  result.value = logged_peak_mb(out);
  result.unit = "MB at the peak";
  result.repetitions = 1;
  result.limit_name = "300 MB";
  result.limit = 300.0;
  result.verified = "the command ends with 0";
  results.push_back(with_target(result, 1.0, false));
}

}  // namespace

Results bench_physics_iq(int64_t height, int64_t repetitions) {
  Results results;
  const int64_t width = height * 16 / 9;
  const ScratchFolder folder;
  const std::string size = fmt::format("{}x{}", width, height);
  double bits = 0.0;
  const ViewJob job = make_view(folder.path(), height, width, bits);
  ViewEvaluationOptions options;
  options.cache = folder / "cache";
  options.mask_path = MaskPath::kDirect;
  options.with_media = false;
  create_directories(options.cache);
  verify_view(job, options);
  // A round takes ten seconds at 1024x576 and three minutes at 3840x2160.
  const int64_t rounds = std::min<int64_t>(repetitions, height > 1500 ? 1 : height > 700 ? 3 : 5);
  add_times(job, options, rounds, size, bits, results);
  if (height < 700 && default_thread_count() > 1) add_scaling(job, options, rounds, size, results);
  add_memory(job, folder.path(), size, results);
  return results;
}

}  // namespace physprobe

#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/eval/physics_iq/view_evaluation.h"
#include "physprobe/video/video_reader.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
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
  PannedPlane(int64_t height, int64_t width) : height_(height), width_(width) {
    at::manual_seed(11);
    const at::Tensor coarse = at::rand({1, 3, height / 24 + 8, width / 24 + 16}) * 160.0 + 40.0;
    plane_ = at::upsample_bilinear2d(coarse, {height + 64, width + 320}, false)
                 .squeeze(0)
                 .permute({1, 2, 0})
                 .contiguous();
    grain_ = at::randn({height + 16, width + 16, 1}) * 2.5;
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
                  int64_t width,
                  int64_t frames,
                  int quality) {
  VideoWriterOptions options;
  options.fps = kFps;
  options.quality = quality;
  const auto writer = VideoWriter::open(path, width, height, options);
  for (int64_t t = 0; t < frames; ++t) writer->write(plane.frame(t));
  writer->close();
  return 8.0 * static_cast<double>(fs::file_size(path)) /
         static_cast<double>(frames * height * width);
}

/// The quality whose clips come nearest to the wanted bits a pixel.
int choose_quality(const std::string& path,
                   const PannedPlane& plane,
                   int64_t height,
                   int64_t width) {
  int best = 23;
  double distance = 1e9;
  for (int quality = 17; quality <= 35; quality += 2) {
    const double bits = write_clip(path, plane, height, width, 12, quality);
    if (std::abs(std::log(bits / kBitsPerPixel)) < distance) {
      distance = std::abs(std::log(bits / kBitsPerPixel));
      best = quality;
    }
    if (bits < kBitsPerPixel) break;
  }
  return best;
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

}  // namespace

Results bench_physics_iq(int64_t repetitions) {
  Results results;
  std::string folder = (fs::temp_directory_path() / "physprobe-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return results;
  for (const auto& size : {std::pair<int64_t, int64_t>{1024, 576}, {1920, 1080}, {3840, 2160}}) {
    const int64_t width = size.first;
    const int64_t height = size.second;
    double bits = 0.0;
    ViewJob job;
    {
      const PannedPlane plane(height, width);
      const std::string first = folder + "/first.mp4";
      const int quality = choose_quality(first, plane, height, width);
      bits = write_clip(first, plane, height, width, kFrames, quality);
      for (const char mark : {'1', '2', 'g'})
        copy_with_free_box(first, folder + "/" + mark + ".mp4", mark);
    }
    job.scenario = "bench";
    job.view = "left";
    job.take1.path = folder + "/1.mp4";
    job.take2.path = folder + "/2.mp4";
    job.generated.push_back({0, {folder + "/g.mp4", 0.0}});
    job.fps = kFps;
    job.frames = kFrames;
    ViewEvaluationOptions options;
    options.cache = folder + "/cache";
    options.mask_path = MaskPath::kDirect;
    options.with_media = false;
    create_directories(options.cache);
    const ViewOutcome checked = evaluate_view(job, options);
    require_correct(checked.generated[0].metrics.spatial_iou_v1 == 1.0 &&
                        checked.generated[0].metrics.mse_v1.back() == 0.0 &&
                        checked.truth.area_take1.back() > 0,
                    "physics-iq", "identical clips differ, or nothing moves");
    const double alone = median_cpu_seconds(repetitions, [&] {
      for (const char* name : {"/1.mp4", "/2.mp4", "/g.mp4"}) decode(folder + name);
    });
    const auto forget = [&](const char* what) {
      std::error_code ignored;
      fs::remove_all(options.cache + what, ignored);
      create_directories(options.cache);
    };
    const auto add = [&](const std::string& what, double seconds, double target) {
      BenchmarkResult result;
      result.name = fmt::format("physics-iq/{}/{}x{}", what, width, height);
      result.value = seconds;
      result.unit = "s CPU a view";
      result.repetitions = repetitions;
      result.limit_name = fmt::format("decoding the three clips ({:.2f} bit a pixel)", bits);
      result.limit = alone;
      result.verified = "identical clips: IoU 1, error 0";
      if (target > 0.0) {
        results.push_back(with_target(result, target, false));
      } else {
        result.ratio = result.value / result.limit;
        results.push_back(result);
      }
    };
    add("masks-cached",
        median_cpu_seconds(repetitions,
                           [&] {
                             forget("/views");
                             evaluate_view(job, options);
                           }),
        1.4);
    add("all-masks",
        median_cpu_seconds(repetitions,
                           [&] {
                             forget("");
                             evaluate_view(job, options);
                           }),
        1.8);
    if (has_mask_codec()) {
      ViewEvaluationOptions lossy = options;
      lossy.mask_path = MaskPath::kMp4v;
      add("all-masks-mp4v",
          median_cpu_seconds(std::min<int64_t>(repetitions, 3),
                             [&] {
                               forget("");
                               evaluate_view(job, lossy);
                             }),
          0.0);
    }
    if (width == 1024 && default_thread_count() > 1) {
      // Two views side by side against one after the other, wall time.
      const auto two_views = [&](int threads) {
        forget("");
        parallel_for(2, threads, [&](int64_t i) {
          ViewEvaluationOptions own = options;
          own.cache = folder + fmt::format("/cache{}", i);
          std::error_code ignored;
          fs::remove_all(own.cache, ignored);
          create_directories(own.cache);
          evaluate_view(job, own);
        });
      };
      BenchmarkResult result;
      result.name = "physics-iq/two-views/1024x576";
      result.value = median_seconds(repetitions, [&] { two_views(1); });
      result.unit = "s, one thread";
      result.repetitions = repetitions;
      result.limit_name = "two threads";
      result.limit = median_seconds(repetitions, [&] { two_views(2); });
      result.verified = "identical clips: IoU 1, error 0";
      results.push_back(with_target(result, 1.8, true));
    }
    std::error_code ignored;
    fs::remove_all(options.cache, ignored);
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return results;
}

}  // namespace physprobe

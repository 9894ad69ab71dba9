#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/datasets/worlds/moving_objects.h"
#include "physprobe/video/preprocess.h"
#include "physprobe/video/resample.h"
#include "physprobe/video/video_reader.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace physprobe {
namespace {

constexpr int64_t kFrames = 120;

/// A textured, moving clip of this size.
void write_clip(const std::string& path, int64_t width, int64_t height) {
  const at::Tensor frames = render_moving_objects(1, 0, {});
  VideoWriterOptions options;
  options.fps = 30.0;
  const auto writer = VideoWriter::open(path, width, height, options);
  const int64_t period = 2 * (frames.size(0) - 1);
  for (int64_t i = 0; i < kFrames; ++i) {
    const int64_t phase = i % period;
    const int64_t source = phase < frames.size(0) ? phase : period - phase;
    writer->write(resize_pillow(frames[source], height, width, ResampleFilter::kBicubic));
  }
  writer->close();
}

/// The `ffmpeg` program decoding to rgb24 on one thread, output discarded. Returns its exit status.
int ffmpeg_decode(const std::string& path) {
  std::vector<std::string> words = {
      "ffmpeg", "-v", "error",    "-nostdin", "-threads", "1", "-filter_threads",
      "1",      "-i", path,       "-an",      "-threads", "1", "-pix_fmt",
      "rgb24",  "-f", "rawvideo", "-y",       "/dev/null"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "ffmpeg", nullptr, nullptr, arguments.data(), environ) != 0) return -1;
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int64_t decode_all(const std::string& path) {
  const auto reader = VideoReader::open(path);
  std::vector<int64_t> all;
  for (int64_t i = 0; i < reader->info().frame_count; ++i) all.push_back(i);
  int64_t count = 0;
  reader->for_each(all, [&](int64_t, double, const at::Tensor&) {
    ++count;
    return true;
  });
  return count;
}

PreprocessSpec to_224(ResampleArithmetic arithmetic) {
  PreprocessSpec spec;
  spec.name = "bench";
  spec.resize = ResizeRule::kSquash;
  spec.height = 224;
  spec.width = 224;
  spec.filter = ResampleFilter::kBicubic;
  spec.arithmetic = arithmetic;
  return spec;
}

}  // namespace

Results bench_video(int64_t repetitions, bool with_decode, bool with_preprocess) {
  namespace fs = std::filesystem;
  Results results;
  std::string folder = (fs::temp_directory_path() / "physprobe-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return results;
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{640, 360}, {1280, 720}}) {
    const std::string path = folder + fmt::format("/{}.mp4", height);
    write_clip(path, width, height);
    require_correct(decode_all(path) == kFrames, "decode", "frames are missing");
    const double ours =
        median_cpu_seconds(repetitions, [&] { decode_all(path); }) / static_cast<double>(kFrames);
    if (with_decode) {
      BenchmarkResult result;
      result.name = fmt::format("decode/{}x{}", width, height);
      result.value = 1e3 * ours;
      result.unit = "ms CPU a frame";
      result.repetitions = repetitions;
      result.limit_name = "the ffmpeg program to rgb24, one thread";
      result.limit = 1e3 *
                     median_child_cpu_seconds(repetitions, [&] { return ffmpeg_decode(path); }) /
                     static_cast<double>(kFrames);
      result.verified = "all frames decoded";
      if (result.limit > 0.0) {
        results.push_back(with_target(result, 1.15, false));
      } else {
        result.limit_name = "the ffmpeg program is not installed";
        results.push_back(result);
      }
    }
    if (with_preprocess) {
      const at::Tensor frame = VideoReader::open(path)->read({0}).frames[0];
      for (const auto& [name, arithmetic] : {std::pair<const char*, ResampleArithmetic>{
                                                 "float", ResampleArithmetic::kFloatAntialias},
                                             {"uint8", ResampleArithmetic::kPillowUint8}}) {
        const PreprocessSpec spec = to_224(arithmetic);
        const at::Tensor result_tensor = preprocess_frame(frame, spec);
        // Both arithmetics approximate the same kernel: two levels of 255 bound the rounding of the
        // uint8 passes, overshoot apart.
        const at::Tensor other =
            preprocess_frame(frame, to_224(ResampleArithmetic::kFloatAntialias)).clamp(0.0, 1.0);
        require_correct(
            (result_tensor.clamp(0.0, 1.0) - other).abs().max().item<double>() < 2.5 / 255.0,
            "preprocess", "float and uint8 resampling disagree");
        BenchmarkResult result;
        result.name = fmt::format("preprocess/{}-224/{}x{}", name, width, height);
        result.value =
            1e3 * median_seconds(repetitions * 5, [&] { preprocess_frame(frame, spec); });
        result.unit = "ms a frame";
        result.repetitions = repetitions * 5;
        result.limit_name = "decoding the same frame";
        result.limit = 1e3 * ours;
        result.verified = "float and uint8 arithmetic agree";
        results.push_back(with_target(result, 1.0, false));
      }
    }
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return results;
}

}  // namespace physprobe

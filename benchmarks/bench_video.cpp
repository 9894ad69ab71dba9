#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/scratch_folder.h"
#include "physprobe/benchmarks/textured_clip.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/video/preprocess.h"
#include "physprobe/video/resample.h"
#include "physprobe/video/sampling.h"
#include "physprobe/video/video_reader.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace physprobe {
namespace {

constexpr int64_t kFrames = 120;

/// Runs the `ffmpeg` program decoding `path` to rgb24 on one thread; `output` says what becomes of
/// the frames. The colour conversion is named, because it is part of our definition of RGB.
/// Returns its exit status.
int run_ffmpeg(const std::string& path, const std::vector<std::string>& output) {
  std::vector<std::string> words = {
      "ffmpeg",  "-v",       "error", "-nostdin", "-threads", "1", "-filter_threads",
      "1",       "-i",       path,    "-an",      "-threads", "1", "-sws_flags",
      "bicubic", "-pix_fmt", "rgb24"};
  words.insert(words.end(), output.begin(), output.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "ffmpeg", nullptr, nullptr, arguments.data(), environ) != 0) return -1;
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// SHA-256 of all frames' bytes as the `ffmpeg` program gives them; "" if it cannot be run.
std::string ffmpeg_digest(const std::string& path) {
  const std::string report = path + ".sha256";
  if (run_ffmpeg(path, {"-f", "hash", "-hash", "sha256", "-y", report}) != 0) return "";
  const std::string text = read_file(report);  // "SHA256=<hex>\n"
  const std::size_t begin = text.find('=');
  return begin == std::string::npos ? "" : text.substr(begin + 1, 64);
}

/// The same of ours.
std::string our_digest(const std::string& path) {
  Sha256 digest;
  const auto reader = VideoReader::open(path);
  reader->for_each(sample_all(reader->info()).indices,
                   [&](int64_t, double, const at::Tensor& frame) {
                     digest.update(frame.data_ptr(), static_cast<std::size_t>(frame.numel()));
                     return true;
                   });
  return digest.hex();
}

int64_t decode_all(const std::string& path) {
  const auto reader = VideoReader::open(path);
  int64_t count = 0;
  reader->for_each(sample_all(reader->info()).indices, [&](int64_t, double, const at::Tensor&) {
    ++count;
    return true;
  });
  return count;
}

/// Decoding to RGB against the `ffmpeg` program on the same file, CPU time a frame. Our time
/// includes opening the file and reading its packets twice; the program's start-up, half its time
/// on so short a clip, is measured by letting it stop after one frame, and taken off.
BenchmarkResult bench_decode(const std::string& path, int64_t repetitions, double our_seconds) {
  BenchmarkResult result;
  result.value = 1e3 * our_seconds / static_cast<double>(kFrames);
  result.unit = "ms CPU a frame";
  result.repetitions = repetitions;
  const std::string theirs = ffmpeg_digest(path);
  if (theirs.empty()) {
    result.limit_name = "the ffmpeg program is not installed";
    result.verified = "all frames decoded";
    return result;
  }
  require_correct(our_digest(path) == theirs, "decode", "other bytes than the ffmpeg program");
  const double whole = median_child_cpu_seconds(repetitions, [&] {
    return run_ffmpeg(path, {"-f", "null", "-"});
  });
  const double start_up = median_child_cpu_seconds(repetitions, [&] {
    return run_ffmpeg(path, {"-frames:v", "1", "-f", "null", "-"});
  });
  result.limit_name = "the ffmpeg program to rgb24, one thread, its start-up taken off";
  result.limit = 1e3 * (whole - start_up) / static_cast<double>(kFrames - 1);
  result.verified = "every byte equals the ffmpeg program's";
  return with_target(result, 1.15, false);
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

/// One arithmetic against decoding, CPU time a frame on one thread. Several frames take turns, so
/// that none is in the caches because it was resized just before.
BenchmarkResult bench_resize(const at::Tensor& frames,
                             ResampleArithmetic arithmetic,
                             int64_t repetitions,
                             double decode_seconds) {
  const PreprocessSpec spec = to_224(arithmetic);
  const int64_t count = frames.size(0);
  BenchmarkResult result;
  result.value = 1e3 *
                 median_cpu_seconds(repetitions, [&] { preprocess_frames(frames, spec, 1); }) /
                 static_cast<double>(count);
  result.unit = "ms CPU a frame";
  result.repetitions = repetitions;
  result.limit_name = "decoding the same frame";
  result.limit = 1e3 * decode_seconds / static_cast<double>(kFrames);
  result.verified = "float and uint8 arithmetic agree";
  return with_target(result, 1.0, false);
}

/// Both arithmetics approximate the same kernel: apart from overshoot, which bytes cannot hold, two
/// levels of 255 bound what the rounding of the uint8 passes can do.
void require_agreeing_arithmetics(const at::Tensor& frame) {
  const at::Tensor floats =
      preprocess_frame(frame, to_224(ResampleArithmetic::kFloatAntialias)).clamp(0.0, 1.0);
  const at::Tensor bytes = preprocess_frame(frame, to_224(ResampleArithmetic::kPillowUint8));
  require_correct((floats - bytes).abs().max().item<double>() < 2.5 / 255.0, "preprocess",
                  "float and uint8 resampling disagree");
}

}  // namespace

Results bench_video(int64_t repetitions, bool with_decode, bool with_preprocess) {
  Results results;
  const ScratchFolder folder;
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{640, 360}, {1280, 720}}) {
    const std::string path = folder.path() + fmt::format("/{}.mp4", height);
    write_textured_clip(path, width, height, kFrames);
    require_correct(decode_all(path) == kFrames, "decode", "frames are missing");
    const double decode_seconds = median_cpu_seconds(repetitions, [&] { decode_all(path); });
    if (with_decode) {
      BenchmarkResult result = bench_decode(path, repetitions, decode_seconds);
      result.name = fmt::format("decode/{}x{}", width, height);
      results.push_back(result);
    }
    if (!with_preprocess) continue;
    const auto reader = VideoReader::open(path);
    const at::Tensor frames = reader->read(sample_uniform(reader->info(), 16).indices).frames;
    require_agreeing_arithmetics(frames[0]);
    for (const auto& [name, arithmetic] :
         {std::pair<const char*, ResampleArithmetic>{"float", ResampleArithmetic::kFloatAntialias},
          {"uint8", ResampleArithmetic::kPillowUint8}}) {
      BenchmarkResult result = bench_resize(frames, arithmetic, repetitions, decode_seconds);
      result.name = fmt::format("preprocess/{}-224/{}x{}", name, width, height);
      results.push_back(result);
    }
  }
  return results;
}

}  // namespace physprobe

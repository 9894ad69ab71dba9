#include "physprobe/eval/physics_iq/clip_facts.h"

#include "physprobe/core/error.h"
#include "physprobe/video/frame_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace physprobe {
namespace {

constexpr double kSeconds = 5.0;
constexpr double kAspectTolerance = 0.01;
// Clips whose rates differ by this share stay within 10 ms of each other over five seconds.
constexpr double kSameRate = 0.002;

}  // namespace

ClipFacts clip_facts(const std::string& path, std::vector<std::string>& problems) {
  ClipFacts facts;
  try {
    const auto reader = FrameReader::open(path);
    const VideoInfo& info = reader->info();
    facts.frames = info.frame_count;
    facts.fps = info.header_fps.value_or(info.fps);
    facts.aspect = static_cast<double>(info.width) / static_cast<double>(info.height);
    facts.is_readable = info.frame_count > 0 && facts.fps > 0.0;
    if (!facts.is_readable) problems.push_back(path + ": holds no frames");
  } catch (const Error& error) {
    problems.emplace_back(error.what());
  }
  return facts;
}

bool is_same_rate(double a, double b) {
  return std::abs(a - b) <= kSameRate * b;
}

int64_t frames_offered(const ClipFacts& facts, double fps) {
  if (is_same_rate(facts.fps, fps)) return facts.frames;
  const double seconds = std::min(kSeconds, static_cast<double>(facts.frames) / facts.fps);
  return static_cast<int64_t>(std::floor(seconds * fps + 1e-9));
}

void AspectNotes::add(const std::string& set,
                      const std::string& path,
                      double aspect,
                      double of_take1) {
  if (aspect <= 0.0 || of_take1 <= 0.0 || std::abs(aspect / of_take1 - 1.0) <= kAspectTolerance)
    return;
  Stretched& stretched = sets_[set];
  if (stretched.count++ == 0)
    stretched.first =
        fmt::format("{} ({:.3f} against {:.3f})", std::filesystem::path(path).filename().string(),
                    aspect, of_take1);
}

void AspectNotes::append_to(std::vector<std::string>& warnings) const {
  for (const auto& [set, stretched] : sets_)
    warnings.push_back(
        stretched.count == 1
            ? fmt::format("{}: the aspect ratio of {} is not that of take 1; it is stretched, as "
                          "the official evaluator does",
                          set, stretched.first)
            : fmt::format("{}: the aspect ratio of {} videos is not that of take 1, first that of "
                          "{}; they are stretched, as the official evaluator does",
                          set, stretched.count, stretched.first));
}

}  // namespace physprobe

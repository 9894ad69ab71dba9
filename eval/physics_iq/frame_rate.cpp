#include "physprobe/eval/physics_iq/frame_rate.h"

#include "physprobe/video/frame_reader.h"
#include "physprobe/video/video_writer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace physprobe {
namespace {

constexpr double kMostSeconds = 5.0;

}  // namespace

std::vector<BlendedFrame> frame_rate_mapping(int64_t frame_count,
                                             double source_fps,
                                             double target_fps,
                                             int64_t& frames_read) {
  const double seconds = std::min(kMostSeconds, static_cast<double>(frame_count) / source_fps);
  frames_read = std::min(static_cast<int64_t>(std::floor(seconds * source_fps)), frame_count);
  const auto frames = static_cast<int64_t>(std::floor(seconds * target_fps));
  std::vector<BlendedFrame> mapping;
  for (int64_t j = 0; j < frames; ++j) {
    const double position = frames == 1
                                ? 0.0
                                : static_cast<double>(j) * static_cast<double>(frames_read - 1) /
                                      static_cast<double>(frames - 1);
    const double index = std::floor(position);
    mapping.push_back({static_cast<int64_t>(index), position - index});
  }
  return mapping;
}

void blend_frames(const uint8_t* a, const uint8_t* b, double weight, int64_t count, uint8_t* out) {
  const auto of_a = static_cast<float>(1.0 - weight);
  const auto of_b = static_cast<float>(weight);
  for (int64_t i = 0; i < count; ++i)
    out[i] =
        static_cast<uint8_t>(of_a * static_cast<float>(a[i]) + of_b * static_cast<float>(b[i]));
}

void convert_frame_rate(const std::string& source, const std::string& target, double target_fps) {
  VideoOptions options;
  options.colour_tags = ColourTags::kIgnored;  // as OpenCV
  const auto reader = FrameReader::open(source, options);
  const VideoInfo& info = reader->info();
  int64_t frames_read = 0;
  const std::vector<BlendedFrame> mapping = frame_rate_mapping(
      info.frame_count, info.header_fps.value_or(info.fps), target_fps, frames_read);
  const int64_t height = info.height;
  const int64_t width = info.width;
  const int64_t even_height = height - height % 2;
  const int64_t even_width = width - width % 2;
  // The reference's writer takes x264's defaults too, but with as many threads as the machine has
  // cores and the macroblock tree, which make the clip differ from machine to machine.
  VideoWriterOptions writing;
  writing.fps = target_fps;
  writing.codec = "h264";
  const auto writer = VideoWriter::open(target, even_width, even_height, writing);
  std::vector<int64_t> indices(static_cast<std::size_t>(frames_read));
  std::iota(indices.begin(), indices.end(), 0);
  std::vector<uint8_t> before;
  std::vector<uint8_t> blended(static_cast<std::size_t>(height * width * 3));
  std::size_t next = 0;
  const auto emit = [&](const uint8_t* a, const uint8_t* b, double weight) {
    blend_frames(a, b, weight, height * width * 3, blended.data());
    writer->write(PictureView{blended.data(), even_height, even_width, 3 * width});
    ++next;
  };
  reader->for_each(indices, [&](int64_t index, const uint8_t* frame) {
    while (next < mapping.size() && !before.empty() && mapping[next].index == index - 1)
      emit(before.data(), frame, mapping[next].weight);
    before.assign(frame, frame + height * width * 3);
    return true;
  });
  while (next < mapping.size()) emit(before.data(), before.data(), mapping[next].weight);
  writer->close();
}

}  // namespace physprobe

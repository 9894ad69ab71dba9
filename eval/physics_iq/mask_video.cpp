#include "physprobe/eval/physics_iq/mask_video.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/physics_iq/frame_resize.h"
#include "physprobe/video/frame_reader.h"

#include <fmt/format.h>
#include <opencv2/core.hpp>
#ifdef PHYSPROBE_HAS_OPENCV_VIDEOIO
#include <opencv2/videoio.hpp>
#endif

#include <numeric>

namespace physprobe {
MaskPath mask_path_from_name(const std::string& name) {
  if (name == "mp4v") return MaskPath::kMp4v;
  if (name == "direct") return MaskPath::kDirect;
  throw Error(ErrorKind::kUsage, "--masks", fmt::format("is '{}'; expected mp4v or direct", name));
}

const char* mask_path_name(MaskPath path) {
  return path == MaskPath::kMp4v ? "mp4v" : "direct";
}

std::string mask_codec_version() {
  return CV_VERSION;
}

#ifdef PHYSPROBE_HAS_OPENCV_VIDEOIO

bool has_mask_codec() {
  return true;
}

struct MaskVideoWriter::State {
  std::string path;
  cv::VideoWriter writer;
  int height, width;
  std::vector<uint8_t> bytes;
};

MaskVideoWriter::MaskVideoWriter(const std::string& path, int64_t height, int64_t width, int rate)
    : state_(std::make_unique<State>()) {
  state_->path = path;
  state_->height = static_cast<int>(height - height % 2);
  state_->width = static_cast<int>(width - width % 2);
  state_->bytes.resize(static_cast<std::size_t>(height * width));
  const cv::Size size(state_->width, state_->height);
  const bool is_open = state_->writer.open(
      path, cv::CAP_FFMPEG, cv::VideoWriter::fourcc('m', 'p', '4', 'v'), rate, size, false);
  quieten_decoders();
  if (!is_open)
    throw Error(
        ErrorKind::kResource, path,
        fmt::format("OpenCV cannot write an mp4v video of {}x{} there; is the disk full? If "
                    "not, use --masks direct, or check OpenCV's FFmpeg backend",
                    state_->width, state_->height));
}

MaskVideoWriter::~MaskVideoWriter() = default;

void MaskVideoWriter::write(const BitImage& mask) {
  mask.to_bytes(state_->bytes.data());
  const cv::Mat whole(static_cast<int>(mask.height), static_cast<int>(mask.width), CV_8U,
                      state_->bytes.data());
  state_->writer.write(whole(cv::Rect(0, 0, state_->width, state_->height)));
}

void MaskVideoWriter::close() {
  state_->writer.release();
}

#else

bool has_mask_codec() {
  return false;
}

struct MaskVideoWriter::State {};

MaskVideoWriter::MaskVideoWriter(const std::string&, int64_t, int64_t, int) {
  throw Error(ErrorKind::kUsage, "--masks",
              "mp4v needs OpenCV's videoio, which this build has not; use --masks direct");
}
MaskVideoWriter::~MaskVideoWriter() = default;
void MaskVideoWriter::write(const BitImage&) {}
void MaskVideoWriter::close() {}

#endif

MaskStack read_mask_video(const std::string& path, int64_t frames, int64_t height, int64_t width) {
  VideoOptions options;
  options.colour_tags = ColourTags::kIgnored;  // as OpenCV
  const auto reader = FrameReader::open(path, options);
  const VideoInfo& info = reader->info();
  if (info.frame_count < frames)
    throw Error(ErrorKind::kInput, path,
                fmt::format("holds {} masks, expected {}; delete it or compute the masks anew",
                            info.frame_count, frames));
  MaskStack stack(height, width);
  stack.reserve(frames);
  std::vector<int64_t> indices(static_cast<std::size_t>(frames));
  std::iota(indices.begin(), indices.end(), 0);
  std::vector<uint8_t> blue(static_cast<std::size_t>(info.height * info.width));
  std::vector<uint8_t> small(static_cast<std::size_t>(height * width));
  reader->for_each(indices, [&](int64_t, const uint8_t* rgb) {
    for (std::size_t i = 0; i < blue.size(); ++i) blue[i] = rgb[3 * i + 2];
    resize_for_metrics(blue.data(), info.height, info.width, 1, small.data(), height, width);
    stack.append(small.data(), kMaskSetAbove);
    return true;
  });
  return stack;
}

}  // namespace physprobe

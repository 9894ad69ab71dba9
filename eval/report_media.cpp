#include "physprobe/eval/report_media.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"
#include "physprobe/video/resample.h"
#include "physprobe/video/video_writer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace physprobe {
namespace {

constexpr int64_t kStripHeight = 96;
constexpr int64_t kClipShortSide = 144;
constexpr int64_t kClipFrames = 48;

std::vector<int64_t> evenly_chosen(const std::vector<int64_t>& values, int64_t count) {
  const int64_t n = static_cast<int64_t>(values.size());
  if (n <= count) return values;
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i) {
    chosen.push_back(values[count == 1 ? n / 2 : (i * (n - 1) + (count - 1) / 2) / (count - 1)]);
  }
  return chosen;
}

/// What browsers play and this FFmpeg writes; without either the strip stands in.
struct ClipFormat {
  std::string codec;
  std::string extension;
};
std::optional<ClipFormat> clip_format() {
  const std::vector<std::string> encoders = available_encoders();
  const auto can = [&](const char* name) {
    return std::find(encoders.begin(), encoders.end(), name) != encoders.end();
  };
  if (can("h264")) return ClipFormat{"h264", ".mp4"};
  if (can("vp8")) return ClipFormat{"vp8", ".webm"};
  return std::nullopt;
}

int64_t even(double value) {
  return std::max<int64_t>(2, 2 * std::llround(value / 2.0));
}

}  // namespace

ReportMedia::ReportMedia(const std::vector<int64_t>& sampled, int64_t strip_frames, bool with_clip)
    : strip_indices_(evenly_chosen(sampled, strip_frames)), with_clip_(with_clip) {
  if (with_clip_) clip_indices_ = evenly_chosen(sampled, kClipFrames);
}

void ReportMedia::add(int64_t index, double pts_seconds, const at::Tensor& frame) {
  const double height = static_cast<double>(frame.size(0));
  const double width = static_cast<double>(frame.size(1));
  if (std::binary_search(strip_indices_.begin(), strip_indices_.end(), index)) {
    // Very wide frames are squeezed to three times their height: a strip stays readable.
    const int64_t strip_width = std::clamp<int64_t>(std::llround(width * kStripHeight / height),
                                                    kStripHeight / 3, 3 * kStripHeight);
    strip_.push_back(resize_pillow(frame, kStripHeight, strip_width, ResampleFilter::kBilinear));
  }
  if (std::binary_search(clip_indices_.begin(), clip_indices_.end(), index)) {
    const double scale = std::min(1.0, kClipShortSide / std::min(height, width));
    clip_.push_back(
        resize_pillow(frame, even(height * scale), even(width * scale), ResampleFilter::kBilinear));
    clip_pts_.push_back(pts_seconds);
  }
}

nlohmann::ordered_json ReportMedia::write(const std::string& directory,
                                          const std::string& stem,
                                          const std::string& prefix) const {
  nlohmann::ordered_json media = nlohmann::ordered_json::object();
  const std::string base = directory + "/" + stem;
  create_directories(base.substr(0, base.rfind('/')));
  if (!strip_.empty()) {
    write_file_atomic(base + ".jpg", encode_jpeg(at::cat(strip_, 1).contiguous(), 80));
    media["strip"] = prefix + stem + ".jpg";
    media["strip_sha256"] = sha256_file(base + ".jpg");
    media["strip_frames"] = strip_.size();
    media["strip_indices"] = strip_indices_;
  }
  const std::optional<ClipFormat> format = clip_format();
  if (clip_.size() > 1 && format) {
    VideoWriterOptions options;
    options.codec = format->codec;
    options.quality = 28;
    const double span = clip_pts_.back() - clip_pts_.front();
    // The clip lasts as long as what was sampled, within what a player shows well.
    options.fps =
        span > 0.0 ? std::clamp((static_cast<double>(clip_.size()) - 1.0) / span, 2.0, 25.0) : 8.0;
    options.fps = std::round(options.fps * 1000.0) / 1000.0;
    const auto writer = VideoWriter::open(base + format->extension, clip_.front().size(1),
                                          clip_.front().size(0), options);
    for (const at::Tensor& frame : clip_) writer->write(frame);
    writer->close();
    media["clip"] = prefix + stem + format->extension;
    media["clip_sha256"] = sha256_file(base + format->extension);
  }
  return media;
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/view_media.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/eval/physics_iq/frame_resize.h"
#include "physprobe/video/video_writer.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace physprobe {
namespace {

constexpr int64_t kStripFrames = 6;
constexpr int kJpegQuality = 80;
constexpr int kClipQuality = 28;
using Colour = std::array<uint8_t, 3>;
constexpr Colour kOnlyReal = {70, 130, 255};
constexpr Colour kOnlyGenerated = {255, 140, 30};
constexpr Colour kBoth = {255, 255, 255};

/// The overlap of one frame over a dimmed grey picture, (panel height, panel width, 3).
void paint_overlap(const FrameSamples& take1,
                   std::size_t chosen,
                   const MaskStack& real,
                   const MaskStack& generated,
                   uint8_t* out,
                   int64_t row_bytes) {
  const int64_t t = take1.indices()[chosen];
  for (int64_t y = 0; y < take1.panel_height(); ++y) {
    const int64_t mask_y = std::min(real.height() - 1, y * real.height() / take1.panel_height());
    for (int64_t x = 0; x < take1.panel_width(); ++x) {
      const int64_t mask_x = std::min(real.width() - 1, x * real.width() / take1.panel_width());
      const bool is_real = real.at(t, mask_y, mask_x);
      const bool is_generated = generated.at(t, mask_y, mask_x);
      const uint8_t* const rgb = take1.panel(chosen) + (y * take1.panel_width() + x) * 3;
      const auto dimmed = static_cast<uint8_t>((rgb[0] + rgb[1] + rgb[2]) / 9);
      Colour colour = {dimmed, dimmed, dimmed};
      if (is_real && is_generated) {
        colour = kBoth;
      } else if (is_real || is_generated) {
        colour = is_real ? kOnlyReal : kOnlyGenerated;
      }
      std::copy(colour.begin(), colour.end(), out + y * row_bytes + 3 * x);
    }
  }
}

/// Shares of frames in which each pixel moves: blue in reality, orange in the generated video.
void paint_heat(const MaskStack& real,
                const MaskStack& generated,
                int64_t height,
                int64_t width,
                uint8_t* out,
                int64_t row_bytes) {
  const std::vector<int32_t> a = real.counts();
  const std::vector<int32_t> b = generated.counts();
  int32_t most = 1;
  for (const auto* counts : {&a, &b})
    for (const int32_t count : *counts) most = std::max(most, count);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const auto i = static_cast<std::size_t>((y * real.height() / height) * real.width() +
                                              x * real.width() / width);
      // The square root lets short visits be seen.
      const double of_real = std::sqrt(static_cast<double>(a[i]) / most);
      const double of_generated = std::sqrt(static_cast<double>(b[i]) / most);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const double value = of_real * kOnlyReal[channel] + of_generated * kOnlyGenerated[channel];
        out[y * row_bytes + 3 * x + static_cast<int64_t>(channel)] =
            static_cast<uint8_t>(std::min(255.0, value));
      }
    }
  }
}

}  // namespace

FrameSamples::FrameSamples(int64_t frames, int64_t height, int64_t width)
    : height_(height), width_(width) {
  // Even sides, which every codec can write.
  panel_width_ = std::max<int64_t>(2, std::min(width, kMostWidth) / 2 * 2);
  panel_height_ = std::max<int64_t>(2, panel_width_ * height / width / 2 * 2);
  const int64_t chosen = std::min(frames, kMostFrames);
  for (int64_t i = 0; i < chosen; ++i) indices_.push_back(i * frames / chosen);
  pixels_.resize(static_cast<std::size_t>(chosen * panel_height_ * panel_width_ * 3));
}

void FrameSamples::push(int64_t index, const uint8_t* rgb) {
  const auto found = std::lower_bound(indices_.begin(), indices_.end(), index);
  if (found == indices_.end() || *found != index) return;
  resize_for_metrics(rgb, height_, width_, 3,
                     pixels_.data() + (found - indices_.begin()) * panel_height_ * panel_width_ * 3,
                     panel_height_, panel_width_);
}

std::string write_view_media(const std::string& stem,
                             const FrameSamples& take1,
                             const FrameSamples& generated,
                             const MaskStack& masks1,
                             const MaskStack& masks_generated,
                             double fps) {
  const int64_t height = take1.panel_height();
  const int64_t width = take1.panel_width();
  const auto chosen = static_cast<int64_t>(take1.indices().size());
  const std::vector<std::string> encoders = available_encoders();
  const bool has_h264 = std::find(encoders.begin(), encoders.end(), "h264") != encoders.end();
  std::string extension = has_h264 ? ".mp4" : ".webm";
  VideoWriterOptions options;
  options.fps = std::max(1.0, fps * static_cast<double>(chosen) /
                                  static_cast<double>(std::max<int64_t>(1, masks1.frames())));
  options.quality = kClipQuality;
  const auto writer = VideoWriter::open(stem + extension, 3 * width, height, options);
  const int64_t strip_row = (1 + kStripFrames) * width * 3;
  std::vector<uint8_t> strip(static_cast<std::size_t>(height * strip_row), 0);
  paint_heat(masks1, masks_generated, height, width, strip.data(), strip_row);
  std::vector<uint8_t> frame(static_cast<std::size_t>(height * 9 * width));
  uint8_t* const out = frame.data();
  int64_t stripped = 0;
  for (int64_t i = 0; i < chosen; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    for (int64_t y = 0; y < height; ++y) {
      std::copy_n(take1.panel(slot) + y * width * 3, width * 3, out + y * 9 * width);
      std::copy_n(generated.panel(slot) + y * width * 3, width * 3, out + (y * 9 + 3) * width);
    }
    paint_overlap(take1, slot, masks1, masks_generated, out + 6 * width, 9 * width);
    writer->write(PictureView{out, height, 3 * width, 9 * width});
    if (stripped < kStripFrames && i >= (2 * stripped + 1) * chosen / (2 * kStripFrames)) {
      ++stripped;
      for (int64_t y = 0; y < height; ++y)
        std::copy_n(out + y * 9 * width + 6 * width, 3 * width,
                    strip.data() + y * strip_row + stripped * 3 * width);
    }
  }
  writer->close();
  write_file_atomic(
      stem + ".jpg",
      encode_jpeg(PictureView{strip.data(), height, strip_row / 3, strip_row}, kJpegQuality));
  return extension;
}

}  // namespace physprobe

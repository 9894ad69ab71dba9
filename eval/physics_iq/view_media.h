#pragma once
// What the report shows of a view: real take 1, the generated video and where their motion masks
// meet and part, side by side in one small clip; and a heat map over the whole clip.

#include "physprobe/eval/physics_iq/mask_stack.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Small copies of evenly chosen frames of one clip.
class FrameSamples {
 public:
  FrameSamples(int64_t frames, int64_t height, int64_t width);
  /// Kept when `index` is one of the chosen; (height, width, 3) packed RGB.
  void push(int64_t index, const uint8_t* rgb);

  static constexpr int64_t kMostFrames = 40;
  static constexpr int64_t kMostWidth = 192;
  int64_t panel_height() const { return panel_height_; }
  int64_t panel_width() const { return panel_width_; }
  const std::vector<int64_t>& indices() const { return indices_; }
  const uint8_t* panel(std::size_t chosen) const {
    return pixels_.data() + static_cast<int64_t>(chosen) * panel_height_ * panel_width_ * 3;
  }

 private:
  int64_t height_, width_;
  int64_t panel_height_, panel_width_;
  std::vector<int64_t> indices_;
  std::vector<uint8_t> pixels_;
};

/// Writes "<stem>.mp4" (or .webm; real | generated | overlap) and "<stem>.jpg" (heat map, then an
/// overlap strip of six frames). Overlap: blue = only real moves, orange = only generated, white =
/// both. Returns the clip's extension.
std::string write_view_media(const std::string& stem,
                             const FrameSamples& take1,
                             const FrameSamples& generated,
                             const MaskStack& masks1,
                             const MaskStack& masks_generated,
                             double fps);

}  // namespace physprobe

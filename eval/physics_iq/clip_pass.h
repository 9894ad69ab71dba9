#pragma once
// One pass over one clip of a view: decoded once, every frame shrunk at once, motion masks from the
// full frames.

#include "physprobe/eval/physics_iq/mask_video.h"
#include "physprobe/video/frame_reader.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace physprobe {

/// What changes a value of a clip's masks and frames; the rest of an evaluation builds on it.
struct ClipOptions {
  MaskPath mask_path = MaskPath::kMp4v;
  int threshold = MotionMasker::kOfficialThreshold;
  int64_t frames = 0;      ///< Frames compared.
  int64_t drop_first = 0;  ///< Left out before the first compared frame.
  double fps = 0.0;        ///< Rate of the clip.
  /// The official evaluator reads through OpenCV, which takes every file for BT.601.
  ColourTags colour_tags = ColourTags::kIgnored;
  int64_t height = 0;  ///< Size at which metrics are computed.
  int64_t width = 0;
};

/// A reader whose bytes are those that the evaluation compares.
std::unique_ptr<FrameReader> open_clip(const std::string& path, ColourTags colour_tags);

/// Decodes frames [drop_first, drop_first + frames), hands each, shrunk to (height, width, 3) RGB,
/// to `on_frame(index from 0, frame)` and returns the masks (empty unless `wants_masks`) at the
/// same size. Masks are computed from the first compared frame on. `scratch_directory` takes the
/// mask video of kMp4v, which is removed. `reader` is one of open_clip; it is used up. Throws
/// Error(kInput) for a clip that is too short or damaged, Interrupted when a signal asked for a
/// stop.
MaskStack pass_over_clip(std::unique_ptr<FrameReader> reader,
                         const ClipOptions& options,
                         bool wants_masks,
                         const std::string& scratch_directory,
                         const std::function<void(int64_t, const uint8_t*)>& on_frame);

}  // namespace physprobe

#pragma once
// The part of a video that an item names by start and stop seconds, as if it were a video of its
// own. Internal to `video/`.

#include "physprobe/video/frame_reader.h"

#include <cstdint>

namespace physprobe {

/// Cuts `info` to the frames on screen in [start, stop), with times counted from `start`; returns
/// the index of the first in the whole video. Throws Error(kInput) if none is.
int64_t restrict_to_window(VideoInfo& info, const VideoOptions& options);

/// Fills frame_count, begin, end, fps and is_variable_rate from pts and durations. `tick_seconds`
/// is the resolution of the time stamps.
void summarise_times(VideoInfo& info, double tick_seconds);

}  // namespace physprobe

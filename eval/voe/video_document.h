#pragma once
// Surprise of single videos as JSON and as text: curves, what the nulls reach, surprise over time.

#include "physprobe/eval/voe/surprise_jobs.h"
#include "physprobe/eval/voe/surprise_run.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// What was computed, and how: {id, encoder, weights_digest, options, preprocess, window, stride,
/// frame_skip, contexts, frames_per_step, growing_context, targets ("normalised" or "as given")}.
nlohmann::ordered_json surprise_settings_json(const SurpriseJob& job);

/// {surprise (contexts by windows), window_starts, frames, mean and maximum (by context, then
/// Filtered), timeline {slot_frames, surprise (contexts by slots, null where nothing is
/// predicted)}, nulls: {<name>: {surprise, mean}}} from the results of `jobs` on one video.
nlohmann::ordered_json video_surprise_json(const std::vector<SurpriseJob>& jobs,
                                           const std::vector<VideoSurprise>& results);

/// The same of video number `index` of a run, with id, video {width, height, fps, frame_count}, and
/// times_seconds (of the timeline's slots).
nlohmann::ordered_json video_surprise_json(const SurpriseRun& run, std::size_t index);

/// The means as a table for a terminal: a line the model, a line each null.
std::string format_video_surprise(const std::string& id,
                                  const std::vector<int64_t>& contexts,
                                  const nlohmann::ordered_json& video);

}  // namespace physprobe

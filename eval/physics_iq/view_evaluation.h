#pragma once
// Evaluates one (scene, view): each clip is decoded once, one after the other, and the real takes
// serve all generated videos of the view. Everything is cached by content, so that nothing stale is
// ever used and an interrupted evaluation continues.

#include "physprobe/eval/physics_iq/mask_video.h"
#include "physprobe/eval/physics_iq/view_record.h"
#include "physprobe/video/frame_reader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// A file, or what the official frame-rate conversion makes of it.
struct ClipSourceFile {
  std::string path;
  double convert_to_fps = 0.0;  ///< 0: as it is.
  bool exists() const { return !path.empty(); }
};

struct ViewJob {
  std::string scenario;  ///< "trimmed-<scene>.mp4".
  std::string view;
  std::string category;
  ClipSourceFile take1, take2;           ///< take2.path "" = there is none.
  std::string mask_video1, mask_video2;  ///< Published real masks to use instead of own; "" = own.
  double fps = 0.0;
  int64_t frames = 0;
  int64_t drop_first = 0;  ///< Of the generated videos.
  struct Generated {
    std::size_t run = 0;
    ClipSourceFile clip;
  };
  std::vector<Generated> generated;
};

struct ViewEvaluationOptions {
  std::string cache;  ///< Directory.
  MaskPath mask_path = MaskPath::kMp4v;
  int threshold = MotionMasker::kOfficialThreshold;
  /// Official: OpenCV's bytes, BT.601 whatever the file says. kHonoured: the file's own word.
  ColourTags colour_tags = ColourTags::kIgnored;
  bool with_media = true;
  bool force = false;  ///< Compute anew even what is cached.
};

struct ViewOutcome {
  TruthRecord truth;
  std::vector<GeneratedRecord> generated;  ///< Like ViewJob::generated.
  std::vector<std::string> failures;       ///< Like it: why a video is not compared, "" if it is.
  std::vector<std::string> media;          ///< Stems in the cache, "" without media.
  std::string digest1, digest2;            ///< SHA-256 of the files; "" without take 2.
  std::vector<std::string> digests;        ///< Of the generated files.
  bool was_cached = true;                  ///< Nothing had to be computed.
};

/// A generated video that cannot be read leaves those of other runs alone (`failures`). Throws
/// Error(kInput) naming the real clip at fault, Interrupted when a signal asked for a stop.
ViewOutcome evaluate_view(const ViewJob& job, const ViewEvaluationOptions& options);

}  // namespace physprobe

#pragma once
// A whole Physics-IQ evaluation (`physprobe score physics-iq`): plan, evaluate views in parallel,
// score, explain, write. Killed at any moment and started again it continues from its cache and
// ends byte-identical.

#include "physprobe/core/progress.h"
#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/eval/physics_iq/evaluation_plan.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

struct PhysicsIqOptions {
  PlanOptions plan;
  std::string out;
  std::string cache;  ///< Shared between evaluations; "" = OUT/cache.
  MaskPath mask_path = MaskPath::kMp4v;
  int threshold = MotionMasker::kOfficialThreshold;
  /// "opencv" (official) or "tagged": whether a file's own colour matrix and range count.
  std::string decode = "opencv";
  bool with_media = true;
  bool force = false;
  bool overwrite = false;  ///< Replace the results of other videos in `out`.
  std::string input;  ///< "i2v" or "v2v": the part of the leaderboard; "" = both.
  std::vector<std::pair<std::string, std::string>> settings;  ///< For the submission card.
  BootstrapOptions statistics;
  int threads = 0;  ///< Views at a time; never changes a value.
  ProgressMode progress = ProgressMode::kAuto;
  std::vector<std::string> command_line;
};

struct PhysicsIqSummary {
  std::string directory;
  int64_t views = 0;
  int64_t from_cache = 0;
  std::vector<std::string> failures;  ///< "scene view: message".
  std::vector<std::string> warnings;
  int interrupted_by = 0;
};

/// Throws Error(kInput) listing every problem found before the work starts, Error(kUsage) if `out`
/// holds results of other videos (more runs than before are welcome) unless `overwrite`.
PhysicsIqSummary evaluate_physics_iq(const PhysicsIqOptions& options);

/// What the console shows of a finished evaluation.
std::string format_physics_iq_summary(const std::string& directory);

}  // namespace physprobe

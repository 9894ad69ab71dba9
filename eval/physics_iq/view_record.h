#pragma once
// What is kept of one evaluated view: the ground truth's side (ceilings, baselines; shared by all
// models) and one generated video's side. JSON files of a cache keyed by content.

#include "physprobe/eval/physics_iq/motion_features.h"
#include "physprobe/eval/physics_iq/view_metrics.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// Real takes of one view at one rate.
struct TruthRecord {
  int64_t frames = 0;
  double fps = 0.0;
  int64_t height = 0;  ///< Size at which metrics are computed.
  int64_t width = 0;
  bool has_take2 = true;
  ViewMetrics ceiling;  ///< The variance_ fields.
  /// "frozen" (first frame of take 1), "delayed" (take 1 half a second late), "take2": `_v1`
  /// fields.
  std::map<std::string, ViewMetrics> baselines;
  std::vector<int64_t> area_take1, area_take2;  ///< Pixels moving per frame.
  MotionFeatures motion;                        ///< Of take 1.
};

/// One generated video against them.
struct GeneratedRecord {
  ViewMetrics metrics;                 ///< The `_v1` and `_v2` fields.
  std::vector<int64_t> area, overlap;  ///< Pixels moving per frame; those moving in take 1 too.
  /// Delay of the generated motion (frames, negative = early) at which its masks meet those of take
  /// 1 best, and the mean IoU reached there.
  int64_t best_delay_frames = 0;
  double best_delay_iou = 0.0;
  MotionFeatures motion;
  int64_t source_height = 0;  ///< Size of the file.
  int64_t source_width = 0;
  double aspect_of_take1 = 0.0;  ///< Width over height.
};

nlohmann::ordered_json truth_json(const TruthRecord& record);
TruthRecord truth_from_json(const nlohmann::json& json);
nlohmann::ordered_json generated_json(const GeneratedRecord& record);
GeneratedRecord generated_from_json(const nlohmann::json& json);

/// All twelve results of a view.
ViewMetrics joined(const TruthRecord& truth, const ViewMetrics& of_generated);

}  // namespace physprobe

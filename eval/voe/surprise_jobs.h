#pragma once
// What surprise is computed of: a predictor and the nulls that stand beside its every number.

#include "physprobe/eval/voe/surprise_stream.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// Which nulls are computed.
struct SurpriseNulls {
  bool zero = true;             ///< Every predicted number is 0.
  bool copy = true;             ///< The last context latent, encoded without the future.
  bool pixels = true;           ///< The last frame seen comes again, in pixels.
  bool nearest = true;          ///< The future of the nearest stored context (data sets only).
  int64_t untrained_seeds = 1;  ///< Networks with freshly drawn weights; 0: none.
  /// A predictor of pixels with weights of its own (VideoMAE, or a served one); null: none.
  std::shared_ptr<const Predictor> pixel_predictor = nullptr;
};

/// "zero", "copy", "pixels", "untrained", "nearest", in any order; "all" or "none" alone. Throws
/// Error(kUsage) with the nearest name.
SurpriseNulls surprise_nulls_from_names(const std::vector<std::string>& names,
                                        int64_t untrained_seeds);

/// One predictor's work on every video.
struct SurpriseJob {
  std::shared_ptr<const Predictor> predictor;
  /// In results: the model's id, "untrained (seed 1)", "pixel copy", "pixel predictor <id>".
  std::string name;
  SurpriseStreamOptions options;
};

/// The model first, then its nulls that are predictors: untrained networks (left out where the
/// family cannot draw weights), the pixel copy (left out where the model is it) and the predictor
/// of pixels. `device` as in run_plan.h. `map_context`: of the first job. Throws what building a
/// predictor throws and Error(kUsage) for windows that a model cannot take or a pixel predictor
/// that predicts latents.
std::vector<SurpriseJob> plan_surprise_jobs(const nlohmann::json& config,
                                            const PredictionWindows& windows,
                                            const SurpriseNulls& nulls,
                                            int64_t map_context,
                                            const std::string& device = "");

/// Names of the nulls that a job's own stream computes.
constexpr const char* kZeroPrediction = "zero prediction";
constexpr const char* kCopyLastContext = "copy of the last context";
constexpr const char* kNearestCase = "nearest case";

/// The context in the middle: the one that stands for all where only one can.
int64_t middle_context(const PredictionWindows& windows);

}  // namespace physprobe

#include "physprobe/eval/physics_iq/diagnosis.h"

#include "physprobe/core/not_a_number.h"
#include "physprobe/core/statistics/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace physprobe {
namespace {

// Thresholds of the rules, chosen on edited clips (tests/eval_physics_iq/diagnosis_test.cpp).
constexpr double kGoodScore = 0.9;      // share of the ceiling reached
constexpr double kNothingMoved = 0.02;  // of take 1's moving area
constexpr double kTooLittle = 0.5;
constexpr double kTooMuch = 2.0;
constexpr double kCutFactor = 8.0;       // a change this many times the median …
constexpr double kCutChange = 0.05;      // … and this large
constexpr double kFlickerChange = 0.01;  // mean alternating brightness
constexpr double kCameraShift = 0.012;   // share of the width
constexpr double kAspect = 0.01;
constexpr double kSamePlace = 0.6;       // of the ceiling of spatial IoU
constexpr double kOtherTime = 0.7;       // mean of shared IoU below this: not simultaneous
constexpr double kBetterAtDelay = 1.3;   // improvement of IoU at the best delay
constexpr double kOnsetShare = 0.1;      // of the largest area: motion has begun
constexpr double kOnsetPixels = 0.0005;  // and of the picture

double sum_of(const std::vector<int64_t>& values) {
  return static_cast<double>(std::accumulate(values.begin(), values.end(), int64_t{0}));
}

/// First frame from which the area stays above the onset threshold for three frames; -1 if none.
int64_t onset(const std::vector<int64_t>& area, int64_t pixels) {
  if (area.empty()) return -1;
  const double threshold =
      std::max(kOnsetShare * static_cast<double>(*std::max_element(area.begin(), area.end())),
               kOnsetPixels * static_cast<double>(pixels));
  int run = 0;
  for (std::size_t t = 0; t < area.size(); ++t) {
    run = static_cast<double>(area[t]) > threshold ? run + 1 : 0;
    if (run == 3) return static_cast<int64_t>(t) - 2;
  }
  return -1;
}

/// The frame at which the picture jumps to another and stays there; -1 if none.
int64_t cut_frame(const MotionFeatures& motion) {
  const std::vector<double>& change = motion.change;
  if (change.size() < 3) return -1;
  const auto largest = std::max_element(change.begin() + 1, change.end());
  const double median = quantile(std::vector<double>(change.begin() + 1, change.end()), 0.5);
  if (*largest < kCutChange || *largest < kCutFactor * std::max(median, 1e-4)) return -1;
  return largest - change.begin();
}

/// Mean size of the part of the brightness that alternates from frame to frame.
double flicker(const MotionFeatures& motion) {
  const std::vector<double>& b = motion.brightness;
  if (b.size() < 3) return 0.0;
  double sum = 0.0;
  for (std::size_t t = 1; t + 1 < b.size(); ++t)
    sum += std::abs(b[t] - 0.5 * (b[t - 1] + b[t + 1]));
  return sum / static_cast<double>(b.size() - 2);
}

/// Displacement of the whole picture at the end, which a passing object does not reach.
double camera_shift(const MotionFeatures& motion) {
  if (motion.shift.size() < 2) return 0.0;
  return quantile(std::vector<double>(motion.shift.begin() + 1, motion.shift.end()), 0.5);
}

double mean_of(const std::vector<double>& values) {
  return values.empty() ? kNaN : mean(values);
}

}  // namespace

const std::vector<std::string>& diagnosis_causes() {
  static const std::vector<std::string> causes = {"as reality",
                                                  "cut",
                                                  "flicker",
                                                  "camera moved",
                                                  "resized",
                                                  "nothing moved",
                                                  "moved where reality is still",
                                                  "too little motion",
                                                  "too much motion",
                                                  "right place, wrong time",
                                                  "wrong place",
                                                  "other"};
  return causes;
}

Diagnosis diagnose(const TruthRecord& truth,
                   const GeneratedRecord& generated,
                   const SampleScore& scored) {
  Diagnosis result;
  SampleScore score = scored;
  if (!truth.has_take2) {
    // Without take 2 there is no ceiling; the IoUs themselves are judged.
    score.spatial = generated.metrics.spatial_iou_v1;
    score.weighted_spatial = generated.metrics.weighted_spatial_iou_v1;
    score.spatiotemporal = mean_of(generated.metrics.spatiotemporal_iou_v1);
  }
  const double area1 = sum_of(truth.area_take1);
  const double area = sum_of(generated.area);
  result.area_ratio = area1 > 0.0 ? area / area1 : kNaN;
  const int64_t pixels = truth.height * truth.width;
  const int64_t onset1 = onset(truth.area_take1, pixels);
  const int64_t onset_generated = onset(generated.area, pixels);
  result.onset_delay_seconds = onset1 < 0 || onset_generated < 0
                                   ? kNaN
                                   : static_cast<double>(onset_generated - onset1) / truth.fps;
  const auto say = [&](const char* cause, std::string evidence) {
    result.cause = cause;
    result.evidence = std::move(evidence);
    return result;
  };
  const double own_flicker = flicker(generated.motion);
  const double real_flicker = flicker(truth.motion);
  const int64_t cut = cut_frame(generated.motion);
  if (cut >= 0 && cut_frame(truth.motion) < 0)
    return say(
        "cut",
        fmt::format(
            "between frames {} and {} the picture changes by {:.1f} % of the grey "
            "range, reality never by more than {:.1f} %",
            cut - 1, cut, 100.0 * generated.motion.change[static_cast<std::size_t>(cut)],
            100.0 * *std::max_element(truth.motion.change.begin(), truth.motion.change.end())));
  if (own_flicker > kFlickerChange && own_flicker > 3.0 * real_flicker)
    return say("flicker", fmt::format("brightness alternates by {:.2f} % from frame to frame, "
                                      "{:.2f} % in reality",
                                      100.0 * own_flicker, 100.0 * real_flicker));
  const double own_shift = camera_shift(generated.motion);
  const double real_shift = camera_shift(truth.motion);
  if (own_shift > kCameraShift && own_shift > 3.0 * real_shift)
    return say("camera moved",
               fmt::format("the whole picture lies {:.1f} % of its width off its first frame, "
                           "{:.1f} % in reality",
                           100.0 * own_shift, 100.0 * real_shift));
  const double motion_score =
      (std::min(1.0, score.spatial) + std::min(1.0, score.weighted_spatial) +
       std::min(1.0, score.spatiotemporal)) /
      3.0;
  if (motion_score >= kGoodScore)
    return say("as reality", fmt::format("the three motion scores reach {:.0f} % of what take 2 "
                                         "reaches",
                                         100.0 * motion_score));
  const double own_aspect =
      static_cast<double>(generated.source_width) / static_cast<double>(generated.source_height);
  const double stretch = own_aspect / generated.aspect_of_take1;
  if (std::abs(stretch - 1.0) > 0.25)
    return say("resized", fmt::format("aspect ratio {:.2f} against {:.2f} in reality: the picture "
                                      "is stretched before it is compared",
                                      own_aspect, generated.aspect_of_take1));
  if (area1 <= 0.0)
    return say(area > 0.0 ? "moved where reality is still" : "other", "nothing moves in take 1");
  const std::string areas =
      fmt::format("moving area {:.0f} % of take 1's", 100.0 * result.area_ratio);
  if (result.area_ratio < kNothingMoved) return say("nothing moved", areas);
  if (result.area_ratio < kTooLittle) return say("too little motion", areas);
  if (result.area_ratio > kTooMuch) return say("too much motion", areas);
  const double same_time = mean_of(generated.metrics.spatiotemporal_iou_v1);
  const bool is_same_place = score.spatial >= kSamePlace;
  const double delay = static_cast<double>(generated.best_delay_frames) / truth.fps;
  if (is_same_place &&
      (score.spatiotemporal < kOtherTime ||
       (generated.best_delay_frames != 0 && generated.best_delay_iou > kBetterAtDelay * same_time)))
    return say("right place, wrong time",
               fmt::format("spatial IoU reaches {:.0f} % of its ceiling, but frame by frame the "
                           "masks meet best {:+.1f} s later (IoU {:.2f})",
                           100.0 * score.spatial, delay, generated.best_delay_iou));
  if (!is_same_place)
    return say("wrong place",
               fmt::format("spatial IoU {:.2f} is {:.0f} % of its ceiling; {}",
                           generated.metrics.spatial_iou_v1, 100.0 * score.spatial, areas));
  std::string aspect;
  if (std::abs(stretch - 1.0) > kAspect)
    aspect = fmt::format("; aspect ratio {:.2f} times", stretch);
  return say("other", fmt::format("motion scores {:.0f} % of the ceiling without one rule "
                                  "applying; {}{}",
                                  100.0 * motion_score, areas, aspect));
}

}  // namespace physprobe

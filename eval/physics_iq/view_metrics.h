#pragma once
// The twelve results of Physics-IQ for one (scene, view): three IoUs of motion masks and the pixel
// error, of the generated video against both real takes and of the takes against each other
// (Motamed et al. 2025, section 3.3; the evaluator's `metrics.py`).

#include "physprobe/eval/physics_iq/mask_stack.h"

#include <cstdint>
#include <vector>

namespace physprobe {

/// Index 1 is real take 1, 2 real take 2; lists hold one value per frame. A scalar that is not
/// known is NaN, a list that is not known is empty.
struct ViewMetrics {
  std::vector<double> spatiotemporal_iou_v1, spatiotemporal_iou_v2;
  double spatial_iou_v1, spatial_iou_v2;
  double weighted_spatial_iou_v1, weighted_spatial_iou_v2;
  std::vector<double> mse_v1, mse_v2;
  double variance_spatial, variance_weighted_spatial;
  std::vector<double> variance_spatiotemporal_iou;
  std::vector<double> variance_mse;

  ViewMetrics();  ///< Nothing known.
};

/// IoU of two stacks frame by frame; 1 where both are empty.
std::vector<double> spatiotemporal_iou(const MaskStack& a, const MaskStack& b);

/// IoU of "set in any frame"; 1 if both are empty.
double spatial_iou(const MaskStack& a, const MaskStack& b);

/// Sum over pixels of the smaller share of frames set, over the sum of the larger; 1 if both are
/// empty.
double weighted_spatial_iou(const MaskStack& a, const MaskStack& b);

/// Mean squared difference of two pictures of `count` 8-bit values, each divided by 255. Summed in
/// integers: exact up to one rounding.
double frame_mse(const uint8_t* a, const uint8_t* b, int64_t count);

}  // namespace physprobe

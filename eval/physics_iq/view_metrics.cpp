#include "physprobe/eval/physics_iq/view_metrics.h"

#include "physprobe/core/not_a_number.h"
#include "physprobe/eval/physics_iq/motion_kernels.h"

#include <algorithm>

namespace physprobe {
namespace {

double ratio_or_one(int64_t part, int64_t whole) {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

ViewMetrics::ViewMetrics()
    : spatial_iou_v1(kNaN),
      spatial_iou_v2(kNaN),
      weighted_spatial_iou_v1(kNaN),
      weighted_spatial_iou_v2(kNaN),
      variance_spatial(kNaN),
      variance_weighted_spatial(kNaN) {}

std::vector<double> spatiotemporal_iou(const MaskStack& a, const MaskStack& b) {
  require_same_shape(a, b);
  std::vector<double> ious;
  ious.reserve(static_cast<std::size_t>(a.frames()));
  for (int64_t t = 0; t < a.frames(); ++t) {
    int64_t common = 0;
    int64_t either = 0;
    motion_kernels().count_overlap(a.frame(t), b.frame(t), a.words_per_frame(), &common, &either);
    ious.push_back(ratio_or_one(common, either));
  }
  return ious;
}

double spatial_iou(const MaskStack& a, const MaskStack& b) {
  require_same_shape(a, b);
  int64_t common = 0;
  int64_t either = 0;
  for (int64_t i = 0; i < a.words_per_frame(); ++i) {
    uint64_t x = 0;
    uint64_t y = 0;
    for (int64_t t = 0; t < a.frames(); ++t) {
      x |= a.frame(t)[i];
      y |= b.frame(t)[i];
    }
    common += __builtin_popcountll(x & y);
    either += __builtin_popcountll(x | y);
  }
  return ratio_or_one(common, either);
}

double weighted_spatial_iou(const MaskStack& a, const MaskStack& b) {
  require_same_shape(a, b);
  const std::vector<int32_t> x = a.counts();
  const std::vector<int32_t> y = b.counts();
  int64_t smaller = 0;
  int64_t larger = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    smaller += std::min(x[i], y[i]);
    larger += std::max(x[i], y[i]);
  }
  return ratio_or_one(smaller, larger);
}

double frame_mse(const uint8_t* a, const uint8_t* b, int64_t count) {
  return static_cast<double>(motion_kernels().squared_difference(a, b, count)) /
         (65025.0 * static_cast<double>(count));
}

}  // namespace physprobe

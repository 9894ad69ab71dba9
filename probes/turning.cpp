#include "physprobe/probes/turning.h"

#include <algorithm>

namespace physprobe {
namespace {

// Each norm is floored on its own (straightening.md section 1), as torch's cosine similarity has
// done since 1.13; Henaff's code adds the same constant instead.
constexpr double kEpsilon = 1e-8;

double bounded(double cosine) {
  return std::clamp(cosine, -1.0, 1.0);
}

}  // namespace

void TurningRecorder::add_zero_step() {
  if (!geometry.distance.empty()) {
    geometry.cosine.push_back(0.0);
    geometry.henaff_cosine.push_back(0.0);
  }
  geometry.distance.push_back(0.0);
  ++geometry.n_zero_steps;
  previous_was_zero_ = true;
}

void TurningRecorder::add_live_step(double length, double dot_with_previous_live) {
  double floored = 0.0;
  double henaff = 0.0;
  if (has_live_) {
    floored = bounded(dot_with_previous_live /
                      (std::max(previous_live_length_, kEpsilon) * std::max(length, kEpsilon)));
    henaff = bounded(dot_with_previous_live /
                     ((previous_live_length_ + kEpsilon) * (length + kEpsilon)));
    geometry.live_cosine.push_back(floored);
    geometry.live_henaff_cosine.push_back(henaff);
  }
  if (!geometry.distance.empty()) {
    geometry.cosine.push_back(previous_was_zero_ ? 0.0 : floored);
    geometry.henaff_cosine.push_back(previous_was_zero_ ? 0.0 : henaff);
  }
  geometry.distance.push_back(length);
  previous_live_length_ = length;
  has_live_ = true;
  previous_was_zero_ = false;
}

}  // namespace physprobe

#pragma once
// The cosine between two steps in its two published definitions, and the book-keeping of repeated
// frames, shared by every way of walking a trajectory. Internal to probes/.

#include "physprobe/probes/trajectory.h"

namespace physprobe {

/// Fills a TrajectoryGeometry step by step.
class TurningRecorder {
 public:
  /// A step of length exactly 0.
  void add_zero_step();
  /// A live step, and its dot product with the live step before it (ignored for the first).
  void add_live_step(double length, double dot_with_previous_live);

  TrajectoryGeometry geometry;  ///< `chord` and `n_frames` are the caller's.

 private:
  double previous_live_length_ = 0.0;
  bool has_live_ = false;
  bool previous_was_zero_ = false;
};

}  // namespace physprobe

#pragma once
// What a clip's small frames say beside its masks: brightness, change from frame to frame, and
// whether the whole picture moves. The evidence for the causes of diagnosis.h.

#include <cstdint>
#include <memory>
#include <vector>

namespace physprobe {

struct MotionFeatures {
  std::vector<double> brightness;  ///< Mean grey level of each frame, 0 to 1.
  std::vector<double> change;      ///< Mean absolute difference to the frame before, 0 to 1.
  /// Displacement of the whole picture against the first frame, shares of the width, at every
  /// `kShiftStride`-th frame: phase correlation, where it explains most parts of the picture.
  std::vector<double> shift;
  static constexpr int64_t kShiftStride = 10;
};

/// Feeds on the small frames of one clip, in order.
class MotionFeatureCollector {
 public:
  MotionFeatureCollector();
  ~MotionFeatureCollector();
  MotionFeatureCollector(const MotionFeatureCollector&) = delete;
  MotionFeatureCollector& operator=(const MotionFeatureCollector&) = delete;
  /// (height, width, 3) packed RGB.
  void push(const uint8_t* rgb, int64_t height, int64_t width);
  const MotionFeatures& features() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace physprobe

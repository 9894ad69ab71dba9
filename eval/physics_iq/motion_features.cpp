#include "physprobe/eval/physics_iq/motion_features.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr int kMostWidth = 160;  // enough for whole-picture motion, small enough to cost nothing
constexpr int kLeastSide = 8;    // below this phase correlation means nothing

}  // namespace

struct MotionFeatureCollector::State {
  MotionFeatures features;
  cv::Mat previous;
  cv::Mat first;
  cv::Mat window;
  int64_t count = 0;
};

MotionFeatureCollector::MotionFeatureCollector() : state_(std::make_unique<State>()) {}
MotionFeatureCollector::~MotionFeatureCollector() = default;

const MotionFeatures& MotionFeatureCollector::features() const {
  return state_->features;
}

void MotionFeatureCollector::push(const uint8_t* rgb, int64_t height, int64_t width) {
  State& state = *state_;
  const cv::Mat frame(static_cast<int>(height), static_cast<int>(width), CV_8UC3,
                      const_cast<uint8_t*>(rgb));
  cv::Mat small = frame;
  if (frame.cols > kMostWidth) {
    const int rows = std::max(1, frame.rows * kMostWidth / frame.cols);
    cv::resize(frame, small, cv::Size(kMostWidth, rows), 0, 0, cv::INTER_LINEAR);
  }
  cv::Mat grey;
  cv::cvtColor(small, grey, cv::COLOR_RGB2GRAY);
  state.features.brightness.push_back(cv::mean(grey)[0] / 255.0);
  const double pixels = static_cast<double>(grey.total());
  state.features.change.push_back(
      state.count == 0 ? 0.0 : cv::norm(grey, state.previous, cv::NORM_L1) / (255.0 * pixels));
  if (state.count % MotionFeatures::kShiftStride == 0) {
    cv::Mat values;
    grey.convertTo(values, CV_32F);
    if (state.count == 0) {
      state.first = values;
      cv::createHanningWindow(state.window, grey.size(), CV_32F);
    }
    double shift = 0.0;
    if (grey.cols >= kLeastSide && grey.rows >= kLeastSide && state.count > 0) {
      const cv::Point2d moved = cv::phaseCorrelate(state.first, values, state.window);
      shift = std::hypot(moved.x, moved.y) / grey.cols;
    }
    state.features.shift.push_back(std::isfinite(shift) ? shift : 0.0);
  }
  state.previous = grey;
  ++state.count;
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/motion_features.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr int kMostWidth = 160;  // enough for whole-picture motion, small enough to cost nothing
constexpr int kLeastSide = 8;    // below this phase correlation means nothing
constexpr int kBlocksAcross = 4;
constexpr int kBlocksDown = 3;
constexpr double kVisible = 1.0;     // grey levels: a block's difference that says anything
constexpr double kImproves = 0.8;    // of the difference without moving the picture
constexpr double kMostBlocks = 0.6;  // of those that say anything
constexpr double kSpread = 0.5;      // of all blocks: what differs is spread over the picture

/// Whether moving `first` by `moved` explains most of the picture at `now`. An object that moves
/// over a still background only explains where it is and was.
bool moves_as_a_whole(const cv::Mat& first, const cv::Mat& now, const cv::Point2d& moved) {
  cv::Mat shifted;
  const cv::Mat translation = (cv::Mat_<double>(2, 3) << 1, 0, moved.x, 0, 1, moved.y);
  cv::warpAffine(first, shifted, translation, first.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 cv::Scalar(-1));
  const int left = std::max(0, static_cast<int>(std::ceil(moved.x)));
  const int right = first.cols + std::min(0, static_cast<int>(std::floor(moved.x)));
  const int top = std::max(0, static_cast<int>(std::ceil(moved.y)));
  const int bottom = first.rows + std::min(0, static_cast<int>(std::floor(moved.y)));
  if (right - left < kLeastSide || bottom - top < kLeastSide) return false;
  int visible = 0;
  int improved = 0;
  for (int row = 0; row < kBlocksDown; ++row) {
    for (int column = 0; column < kBlocksAcross; ++column) {
      const int x = left + (right - left) * column / kBlocksAcross;
      const int y = top + (bottom - top) * row / kBlocksDown;
      const cv::Rect block(x, y, left + (right - left) * (column + 1) / kBlocksAcross - x,
                           top + (bottom - top) * (row + 1) / kBlocksDown - y);
      const double pixels = block.area();
      const double still = cv::norm(first(block), now(block), cv::NORM_L1) / pixels;
      const double aligned = cv::norm(shifted(block), now(block), cv::NORM_L1) / pixels;
      if (std::max(still, aligned) < kVisible) continue;
      ++visible;
      if (aligned < kImproves * still) ++improved;
    }
  }
  return visible >= kSpread * kBlocksAcross * kBlocksDown && improved >= kMostBlocks * visible;
}

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
      // Copies: where it need not pad, OpenCV multiplies its inputs by the window in place.
      const cv::Point2d moved =
          cv::phaseCorrelate(state.first.clone(), values.clone(), state.window);
      if (moves_as_a_whole(state.first, values, moved))
        shift = std::hypot(moved.x, moved.y) / grey.cols;
    }
    state.features.shift.push_back(std::isfinite(shift) ? shift : 0.0);
  }
  state.previous = grey;
  ++state.count;
}

}  // namespace physprobe

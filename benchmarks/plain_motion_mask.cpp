#include "physprobe/benchmarks/plain_motion_mask.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace physprobe {
namespace {

constexpr int64_t kReach = 2;  // of all 5x5 neighbourhoods
constexpr double kThreshold = 10.0;

struct Plane {
  int64_t height, width;
  std::vector<int> values;
  Plane(int64_t h, int64_t w) : height(h), width(w), values(static_cast<std::size_t>(h * w)) {}
  int& at(int64_t y, int64_t x) { return values[static_cast<std::size_t>(y * width + x)]; }
};

int64_t mirrored(int64_t index, int64_t size) {
  return index < 0 ? -index : index >= size ? 2 * size - 2 - index : index;
}

Plane grey_of(const at::Tensor& frame) {
  Plane grey(frame.size(0), frame.size(1));
  const uint8_t* rgb = frame.data_ptr<uint8_t>();
  for (int& value : grey.values) {
    value = (9798 * rgb[0] + 19235 * rgb[1] + 3735 * rgb[2] + 16384) >> 15;
    rgb += 3;
  }
  return grey;
}

Plane blurred(Plane grey) {
  constexpr int kWeights[] = {1, 4, 6, 4, 1};
  Plane out(grey.height, grey.width);
  for (int64_t y = 0; y < grey.height; ++y) {
    for (int64_t x = 0; x < grey.width; ++x) {
      int sum = 128;
      for (int64_t dy = -kReach; dy <= kReach; ++dy)
        for (int64_t dx = -kReach; dx <= kReach; ++dx)
          sum += kWeights[dy + kReach] * kWeights[dx + kReach] *
                 grey.at(mirrored(y + dy, grey.height), mirrored(x + dx, grey.width));
      out.at(y, x) = sum >> 8;
    }
  }
  return out;
}

/// Every pixel becomes the extreme of its neighbourhood inside the picture.
Plane spread(Plane in, const std::function<int(int, int)>& extreme) {
  Plane out(in.height, in.width);
  for (int64_t y = 0; y < in.height; ++y) {
    for (int64_t x = 0; x < in.width; ++x) {
      int value = in.at(y, x);
      for (int64_t v = std::max<int64_t>(0, y - kReach); v <= std::min(in.height - 1, y + kReach);
           ++v)
        for (int64_t u = std::max<int64_t>(0, x - kReach); u <= std::min(in.width - 1, x + kReach);
             ++u)
          value = extreme(value, in.at(v, u));
      out.at(y, x) = value;
    }
  }
  return out;
}

}  // namespace

int64_t PlainMotionMask::quarter_area(const at::Tensor& frame) {
  const Plane grey = blurred(grey_of(frame));
  if (background_.empty()) {
    background_.assign(grey.values.begin(), grey.values.end());
    return 0;
  }
  Plane mask(grey.height, grey.width);
  for (std::size_t i = 0; i < background_.size(); ++i) {
    const double value = grey.values[i];
    background_[i] = std::fma(background_[i], 0.7, 0.3 * value);  // OpenCV's rounding
    const double rounded = std::nearbyint(static_cast<float>(background_[i]));
    mask.values[i] = std::abs(value - rounded) > kThreshold ? 1 : 0;
  }
  const auto lesser = [](int a, int b) { return std::min(a, b); };
  const auto greater = [](int a, int b) { return std::max(a, b); };
  mask = spread(spread(mask, lesser), greater);
  mask = spread(spread(mask, greater), lesser);
  int64_t area = 0;
  for (int64_t y = 1; y + 2 < mask.height; y += 4)
    for (int64_t x = 1; x + 2 < mask.width; x += 4)
      // The mean of four, rounded, above 127: two of them.
      area += mask.at(y, x) + mask.at(y, x + 1) + mask.at(y + 1, x) + mask.at(y + 1, x + 1) >= 2;
  return area;
}

}  // namespace physprobe

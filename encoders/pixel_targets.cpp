#include "physprobe/encoders/pixel_targets.h"

#include <cmath>
#include <cstddef>
#include <vector>

namespace physprobe {
namespace {

constexpr double kFloor = 1e-6;

/// Less the mean, divided by the deviation.
void standardise(std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  for (double& value : values) value = (value - mean) / (deviation + kFloor);
}

}  // namespace

void pixel_targets(const VitConfig& config,
                   const PreprocessSpec& preprocess,
                   const float* frames,
                   int64_t steps,
                   int64_t height,
                   int64_t width,
                   float* out) {
  const int64_t patch = config.patch;
  const int64_t channels = config.channels;
  std::vector<double> values(static_cast<std::size_t>(config.tubelet * patch * patch));
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t top = 0; top + patch <= height; top += patch) {
      for (int64_t left = 0; left + patch <= width; left += patch) {
        for (int64_t channel = 0; channel < channels; ++channel) {
          const auto index = static_cast<std::size_t>(channel);
          const double mean = preprocess.mean[index];
          const double deviation = preprocess.stddev[index];
          std::size_t next = 0;
          for (int64_t frame = step * config.tubelet; frame < (step + 1) * config.tubelet;
               ++frame) {
            const float* plane = frames + (frame * channels + channel) * height * width;
            for (int64_t y = top; y < top + patch; ++y) {
              for (int64_t x = left; x < left + patch; ++x) {
                values[next++] = static_cast<double>(plane[y * width + x]) * deviation + mean;
              }
            }
          }
          standardise(values);
          for (std::size_t i = 0; i < values.size(); ++i) {
            out[static_cast<int64_t>(i) * channels + channel] = static_cast<float>(values[i]);
          }
        }
        out += static_cast<int64_t>(values.size()) * channels;
      }
    }
  }
}

}  // namespace physprobe

#include "physprobe/encoders/patch_mean.h"

#include <vector>

namespace physprobe {

void mean_of_patches(
    const float* tokens, int64_t prefix, int64_t patches, int64_t width, float* mean) {
  std::vector<double> sums(static_cast<std::size_t>(width), 0.0);
  for (int64_t p = 0; p < patches; ++p) {
    const float* token = tokens + (prefix + p) * width;
    for (int64_t i = 0; i < width; ++i)
      sums[static_cast<std::size_t>(i)] += static_cast<double>(token[i]);
  }
  for (int64_t i = 0; i < width; ++i) {
    mean[i] = static_cast<float>(sums[static_cast<std::size_t>(i)] / static_cast<double>(patches));
  }
}

}  // namespace physprobe

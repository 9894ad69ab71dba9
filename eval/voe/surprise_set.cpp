#include "physprobe/eval/voe/surprise_set.h"

#include <algorithm>

namespace physprobe {

double pooled_curve(const std::vector<double>& windows, SurprisePooling pooling) {
  if (pooling == SurprisePooling::kMaximum)
    return *std::max_element(windows.begin(), windows.end());
  double sum = 0.0;
  for (const double value : windows) sum += value;
  return sum / static_cast<double>(windows.size());
}

std::vector<double> filtered_curve(const SurpriseCurves& curves) {
  std::size_t length = curves.front().size();
  for (const std::vector<double>& curve : curves) length = std::min(length, curve.size());
  std::vector<double> smallest(curves.front().end() - static_cast<std::ptrdiff_t>(length),
                               curves.front().end());
  for (const std::vector<double>& curve : curves) {
    for (std::size_t a = 0; a < length; ++a)
      smallest[a] = std::min(smallest[a], curve[curve.size() - length + a]);
  }
  return smallest;
}

std::vector<double> curve_of(const SurpriseCurves& curves, std::size_t row) {
  return row < curves.size() ? curves[row] : filtered_curve(curves);
}

}  // namespace physprobe

#pragma once
// The published curvatures of the perceptual-straightening stimuli, as data.

#include <array>
#include <string>
#include <vector>

namespace physprobe {

struct PublishedSequence {
  enum class Kind { kNatural, kFade, kContrastLinear, kContrastLog };
  std::string condition;  ///< "natural", "pixelfade", "contrast".
  std::string name;       ///< As published ("water-contrast0.5").
  std::string movie;      ///< File stem of the movie it derives from.
  Kind kind;
  std::array<double, 3> published_deg;  ///< Mean curvature at pixel, retina, v1.
};

struct PublishedMean {
  std::string condition;
  std::array<double, 3> published_deg;
};

/// Every sequence of the published figure. Source: the result files of Henaff, Goris and Simoncelli
/// (2019), rounded to four decimals.
const std::vector<PublishedSequence>& published_sequences();
/// Group values: plain means over sequences.
const std::vector<PublishedMean>& published_means();

}  // namespace physprobe

#pragma once
// `validate straightening FOLDER`: recomputes the published table of the twelve natural movies
// (Henaff, Goris, Simoncelli 2019) and says line by line whether it holds.

#include <string>
#include <vector>

namespace physprobe {

struct ValidationLine {
  std::string sequence;   ///< "MEAN" or a movie's name.
  std::string condition;  ///< "natural", "pixelfade", "contrast".
  std::string layer;      ///< "pixel", "retina", "v1".
  double measured_deg = 0.0;
  double published_deg = 0.0;
  double tolerance_deg = 0.0;
  bool holds = false;
};

/// `folder`: the twelve PNG files, 256 x (11 * 256) grey frames stacked vertically. Throws
/// Error(kInput) listing missing or mis-shaped files.
std::vector<ValidationLine> validate_straightening(const std::string& folder, int threads = 0);

}  // namespace physprobe

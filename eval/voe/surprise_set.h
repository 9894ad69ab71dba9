#pragma once
// Surprise curves of labelled videos, whatever they were computed by: what every
// violation-of-expectation score starts from.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// [context][window]. The windows of a video are the same for every context, but for growing
/// contexts (prediction_windows.h): there a curve has the more windows in front the longer its
/// context is.
using SurpriseCurves = std::vector<std::vector<double>>;

struct SurpriseItem {
  std::string id;
  std::string pair;
  std::string property;  ///< Task, scene or principle; "all" where none is named.
  bool is_possible = false;
  SurpriseCurves curves;
  std::string scene;                                   ///< Dependent videos share it; "": the pair.
  double fps = 0.0;                                    ///< Of the video; 0: not known.
  std::map<std::string, std::string> attributes = {};  ///< What results are broken down by.
};

/// One model's curves over a data set.
struct SurpriseSet {
  std::string model;
  std::vector<std::string> files;
  std::vector<int64_t> contexts;  ///< Frames of context, ascending; one per row of the curves.
  std::vector<SurpriseItem> items;
};

/// A video's surprise from its windows: mean (to compare the members of a pair) or maximum (to
/// judge a single video).
enum class SurprisePooling { kMean, kMaximum };
double pooled_curve(const std::vector<double>& windows, SurprisePooling pooling);

/// "Filtered": the smallest surprise over contexts at each window start; curves of different
/// lengths end together.
std::vector<double> filtered_curve(const SurpriseCurves& curves);

/// The curve of a row: contexts in order, then "Filtered" as the last one.
std::vector<double> curve_of(const SurpriseCurves& curves, std::size_t row);

/// The possible and the impossible member of every pair of a property.
struct SurprisePair {
  std::string pair;
  const SurpriseItem* possible = nullptr;
  const SurpriseItem* impossible = nullptr;
};

}  // namespace physprobe

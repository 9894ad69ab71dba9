#pragma once
// How the data sets of violation of expectation use the fields of an item, so that surprise is
// scored alike whatever the data set:
//   label       "possible" or "impossible"; "" where the data set keeps its labels (test sets)
//   pair        the two members that differ minimally; "" until pairing is known (IntPhys)
//   group       everything filmed of one scene (IntPhys and IntPhys 2: the quadruplet): dependent
//               items, the cluster of every interval
//   attributes  the names below

#include "physprobe/datasets/dataset.h"

#include <cstdint>
#include <string>

namespace physprobe {

constexpr const char* kPossible = "possible";
constexpr const char* kImpossible = "impossible";

constexpr const char* kPropertyAttribute = "property";       ///< Principle, block, scene or task.
constexpr const char* kConditionAttribute = "condition";     ///< IntPhys 2, as in its metadata.
constexpr const char* kDifficultyAttribute = "difficulty";   ///< IntPhys 2: Easy, Medium, Hard.
constexpr const char* kCameraAttribute = "camera";           ///< IntPhys 2: fixed, moving.
constexpr const char* kFirstFrameAttribute = "first_frame";  ///< Frames before it are not shown.

/// The attribute's text, "" if the item has none.
const std::string& attribute_of(const DatasetItem& item, const char* name);

/// The property, "all" where none is named.
std::string property_of(const DatasetItem& item);

/// Index of the first frame that is shown to a model, 0 by default. Throws Error(kInput) if the
/// attribute is no whole number >= 0.
int64_t first_frame_of(const DatasetItem& item);

}  // namespace physprobe

#pragma once
// Rules that concern the items of a data set together, whatever layout listed them. Internal.

#include "physprobe/datasets/dataset_layout.h"

namespace physprobe {

/// Reports, each at the later item's line:
///  - ids with control characters or with spaces at either end;
///  - ids used twice, or that differ only in upper and lower case or in the Unicode spelling of the
///    same letters: on another computer they would name one file, and people take them for one;
///  - pairs without exactly two members;
///  - one video (the same stretch of the same file) under two labels.
void check_items(DatasetListing& listing);

}  // namespace physprobe

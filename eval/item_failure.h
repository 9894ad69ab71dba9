#pragma once
// Which errors are an item's own, so that the run goes on without it, and which end the run.

#include "physprobe/core/error.h"
#include "physprobe/datasets/dataset.h"

namespace physprobe {

/// True for defects of ours and for exhausted resources (a full disk, no memory): the next item
/// could only repeat them. False for what lies in the item itself, also when it asks for more than
/// the limits allow (giant pictures, too many frames).
bool ends_the_run(const Error& error, const DatasetItem& item);

}  // namespace physprobe

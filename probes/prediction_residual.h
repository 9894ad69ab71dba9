#pragma once
// How far each frame lies from what the frames before it predict, one function for each reading of
// GeoPhys' "linear predictor". Internal to probes/.

#include "physprobe/probes/geophys.h"
#include "physprobe/probes/subspace.h"

#include <vector>

namespace physprobe {

/// `frames` holds one vector per frame (equal lengths). Norms of the residuals of frames H … T-1;
/// empty if T <= H.
std::vector<double> prediction_residual(const Columns& frames, const GeophysOptions& options);

}  // namespace physprobe

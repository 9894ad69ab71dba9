#pragma once
// The run's charts: Vega specifications with their data, each beside the same data as a table.
// Internal.

#include "physprobe/report/run_files.h"

#include <string>

namespace physprobe {

/// Curvature per layer: one figure per encoder, one panel per label, the pixels as reference.
std::string render_layer_charts(const RunFiles& run);

/// Every layer's difference from pixels with its interval.
std::string render_difference_chart(const RunFiles& run);

/// The specification that the page fills with one video's angles.
std::string angles_chart_spec();

}  // namespace physprobe

#pragma once
// The page's own files (assets/), embedded when physprobe is built so that a report needs nothing
// beside itself. Internal.

#include <string_view>

namespace physprobe {

std::string_view asset_page();  ///< HTML with {{slots}}.
std::string_view asset_css();
std::string_view asset_vega();              ///< Vega's modules joined, with their licence.
std::string_view asset_scripts();           ///< charts.js, cards.js, browse.js.
std::string_view asset_pairs_page();        ///< HTML with {{slots}}, of minimal-pair scores.
std::string_view asset_pairs_scripts();     ///< charts.js, surprise.js, pairs.js.
std::string_view asset_accuracy_chart();    ///< Vega specification without data.
std::string_view asset_layers_chart();      ///< Vega specification without data.
std::string_view asset_difference_chart();  ///< Vega specification without data.
std::string_view asset_angles_chart();  ///< Vega specification; the page fills in an item's angles.

/// Vega specification; the page fills in a pair's surprise over time.
std::string_view asset_surprise_chart();

}  // namespace physprobe

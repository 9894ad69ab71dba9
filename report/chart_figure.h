#pragma once
// A chart as it stands on every page: a Vega specification, a place to draw it, and its data as a
// table. Internal.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace physprobe {

/// The specification `text` with these data sets and signal values filled in, by name.
nlohmann::json chart_spec(std::string_view text,
                          const std::vector<std::pair<std::string, nlohmann::json>>& data,
                          const std::vector<std::pair<std::string, nlohmann::json>>& signals);

/// `caption` and `table` are HTML; `label` describes the picture to those who do not see it.
std::string chart_figure(const std::string& id,
                         const std::string& caption,
                         const std::string& label,
                         const nlohmann::json& spec,
                         const std::string& table);

}  // namespace physprobe

#include "physprobe/report/chart_figure.h"

#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {

using Json = nlohmann::json;

nlohmann::json chart_spec(std::string_view text,
                          const std::vector<std::pair<std::string, Json>>& data,
                          const std::vector<std::pair<std::string, Json>>& signals) {
  Json spec = Json::parse(text);
  for (Json& set : spec.at("data")) {
    for (const auto& [name, values] : data) {
      if (set.at("name") == name) set["values"] = values;
    }
  }
  for (Json& signal : spec.at("signals")) {
    for (const auto& [name, value] : signals) {
      if (signal.at("name") == name) signal["value"] = value;
    }
  }
  return spec;
}

std::string chart_figure(const std::string& id,
                         const std::string& caption,
                         const std::string& label,
                         const Json& spec,
                         const std::string& table) {
  return fmt::format(
      "<figure class=\"chart\" id=\"{}\"><figcaption>{}</figcaption><div class=\"plot\" "
      "role=\"img\" aria-label=\"{}\"></div>"
      "<p class=\"save\" hidden><button type=\"button\" data-save=\"svg\">Save as SVG</button> "
      "<button type=\"button\" "
      "data-save=\"csv\">Save as CSV</button></p><script type=\"application/json\" "
      "class=\"spec\">{}</script><details "
      "class=\"data\"><summary>The chart's data as a table</summary><div "
      "class=\"scroll\">{}</div></details></figure>",
      id, caption, escape_html(label), script_json(spec), table);
}

}  // namespace physprobe

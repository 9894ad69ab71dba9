#include "physprobe/report/charts.h"

#include "physprobe/report/assets.h"
#include "physprobe/report/html.h"
#include "physprobe/report/summary_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

using Json = nlohmann::json;

/// More panels or rows than these are left to the tables, and the caption says so.
constexpr std::size_t kMostPanels = 6;
constexpr std::size_t kMostDifferenceRows = 60;

struct Condition {
  const char* key;
  const char* name;
};
constexpr Condition kConditions[] = {{"clip", "the videos"},
                                     {"fade", "cross-fade of their end frames"},
                                     {"shuffled", "their frames shuffled"},
                                     {"untrained", "untrained weights"}};

Json spec_with(std::string_view text,
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

std::string figure(const std::string& id,
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

Json low_of(const Json& row, const char* key) {
  return row.contains(key) ? row.at(key).value("low", Json()) : Json();
}
Json high_of(const Json& row, const char* key) {
  return row.contains(key) ? row.at(key).value("high", Json()) : Json();
}

std::string layer_chart(const RunFiles& run, const EncoderTaps& encoder, std::size_t number) {
  const Json& results = run.results();
  std::vector<std::string> labels = scored_labels(results);
  const std::size_t n_labels = labels.size();
  if (labels.size() > kMostPanels) labels.resize(kMostPanels);
  Json points = Json::array();
  Json legend = Json::array();
  std::size_t panel_count = 0;
  double lowest = 180.0;
  double highest = 0.0;
  std::string rows;
  for (const std::string& label : labels) {
    const Json& pixels =
        find_score(results, "mean_curvature_deg", encoder.id, "pixel", "clip", label);
    const Json pixel_mean = pixels.is_null() ? Json() : pixels.at("value");
    const std::string panel = pixels.is_null()
                                  ? label_name(label)
                                  : fmt::format("{}, n = {}", label_name(label),
                                                format_count(pixels.at("n").get<int64_t>()));
    for (std::size_t c = 0; c < std::size(kConditions); ++c) {
      for (const std::string& tap : encoder.taps) {
        const Json& score =
            find_score(results, "mean_curvature_deg", encoder.id, tap, kConditions[c].key, label);
        if (score.is_null() || !score.at("value").is_number()) continue;
        const Json& interval = score.at("interval");
        for (const Json& value :
             {score.at("value"), interval.value("low", Json()), interval.value("high", Json())}) {
          if (!value.is_number()) continue;
          lowest = std::min(lowest, value.get<double>());
          highest = std::max(highest, value.get<double>());
        }
        points.push_back({{"panel", panel},
                          {"index", panel_count},
                          {"pixels", pixel_mean},
                          {"tap", tap},
                          {"condition", kConditions[c].name},
                          {"value", score.at("value")},
                          {"low", interval.value("low", Json())},
                          {"high", interval.value("high", Json())},
                          {"n", score.at("n")}});
        const Json entry = {{"condition", kConditions[c].name}};
        bool is_known = false;
        for (const Json& known : legend)
          is_known = is_known || known.at("condition") == entry.at("condition");
        if (!is_known) {
          legend.push_back(entry);
          legend.back()["index"] = legend.size() - 1;
        }
        rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>{}{}</tr>",
                            bdi(label_name(label)), bdi(tap), escape_html(kConditions[c].name),
                            number_cell(score.at("value"), 2, &interval),
                            number_cell(score.at("n"), 0));
      }
    }
    ++panel_count;
  }
  if (points.empty()) return "";
  std::string longest;
  for (const std::string& tap : encoder.taps) longest = tap.size() > longest.size() ? tap : longest;
  const Json spec = spec_with(asset_layers_chart(), {{"points", points}, {"legend", legend}},
                              {{"taps", encoder.taps},
                               {"low", std::max(0.0, std::floor((lowest - 3.0) / 10.0) * 10.0)},
                               {"high", std::min(180.0, std::ceil((highest + 3.0) / 10.0) * 10.0)},
                               {"panelCount", panel_count},
                               {"legendCount", legend.size()},
                               {"longestTap", longest.size()}});
  std::string caption = fmt::format(
      "<b>{}</b>: mean curvature at each layer, from the pixels on the left to the deepest layer "
      "on the right. The "
      "dashed line marks the same videos' pixels; below it a trajectory is straighter. Bars are "
      "the intervals of "
      "the table.",
      bdi(encoder.id));
  if (n_labels > labels.size())
    caption += fmt::format(" {} further labels are in the tables only.", n_labels - labels.size());
  return figure(fmt::format("chart-layers-{}", number), caption,
                fmt::format("Mean curvature per layer of {}", encoder.id), spec,
                "<table><thead><tr><th scope=\"col\">videos</th><th scope=\"col\">layer</th><th "
                "scope=\"col\">condition</th><th scope=\"col\" "
                "class=\"num\">mean curvature, deg</th><th scope=\"col\" "
                "class=\"num\">n</th></tr></thead><tbody>" +
                    rows + "</tbody></table>");
}

}  // namespace

std::string render_layer_charts(const RunFiles& run) {
  std::string html;
  for (std::size_t i = 0; i < run.encoders().size(); ++i) {
    // One layer is no profile: its numbers stand in the summary.
    if (run.encoders()[i].taps.size() > 1) html += layer_chart(run, run.encoders()[i], i + 1);
  }
  return html.empty() ? "<p class=\"note\">Only one layer was read.</p>" : html;
}

std::string render_difference_chart(const RunFiles& run) {
  const Json& results = run.results();
  Json rows = Json::array();
  std::string table;
  std::size_t left_out = 0;
  double lowest = 0.0;
  double highest = 0.0;
  std::size_t line = 0;
  const std::size_t n_labels = scored_labels(results).size();
  for (const EncoderTaps& encoder : run.encoders()) {
    for (const Condition& condition : kConditions) {
      bool has_header = false;
      for (const std::string& tap : encoder.taps) {
        for (const std::string& label : scored_labels(results)) {
          const Json& row = find_profile(results, encoder.id, tap, condition.key, label);
          if (row.is_null() || !row.at("difference_deg").is_number()) continue;
          table += fmt::format(
              "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>{}{}{}</tr>",
              bdi(encoder.id), escape_html(condition.name), bdi(tap), bdi(label_name(label)),
              number_cell(row.at("difference_deg"), 2, &row.at("difference_interval")),
              number_cell(row.at("share_straighter"), 2, &row.at("share_interval")),
              number_cell(row.at("n"), 0));
          if (rows.size() >= kMostDifferenceRows) {
            ++left_out;
            continue;
          }
          if (!has_header) {
            const std::string name =
                run.encoders().size() > 1 ? encoder.id + ": " + condition.name : condition.name;
            rows.push_back({{"line", line++}, {"header", name}});
            has_header = true;
          }
          const Json low = low_of(row, "difference_interval");
          const Json high = high_of(row, "difference_interval");
          for (const Json& value : {row.at("difference_deg"), low, high}) {
            if (!value.is_number()) continue;
            lowest = std::min(lowest, value.get<double>());
            highest = std::max(highest, value.get<double>());
          }
          rows.push_back({{"line", line++},
                          {"name", n_labels == 1 ? tap : tap + " · " + label_name(label)},
                          {"condition", condition.name},
                          {"value", row.at("difference_deg")},
                          {"low", low},
                          {"high", high},
                          {"n", row.at("n")}});
        }
      }
    }
  }
  if (rows.empty())
    return "<p class=\"note\">No layer was compared with pixels: the suite did not ask for the "
           "pixel reference.</p>";
  const Json spec = spec_with(asset_difference_chart(), {{"rows", rows}},
                              {{"lines", line}, {"low", lowest}, {"high", highest}});
  std::string caption =
      "Curvature of each layer minus that of the same videos' pixels, averaged over videos. Left "
      "of zero the layer straightens; an interval that "
      "crosses zero decides nothing.";
  if (left_out > 0) caption += fmt::format(" {} further rows are in the table only.", left_out);
  return figure("chart-difference", caption, "Difference from pixels per layer", spec,
                "<table><thead><tr><th scope=\"col\">encoder</th><th "
                "scope=\"col\">condition</th><th scope=\"col\">layer</th><th "
                "scope=\"col\">videos</th><th scope=\"col\" class=\"num\">difference, deg</th><th "
                "scope=\"col\" class=\"num\">share "
                "straighter</th><th scope=\"col\" class=\"num\">n</th></tr></thead><tbody>" +
                    table + "</tbody></table>");
}

std::string angles_chart_spec() {
  return script_json(Json::parse(asset_angles_chart()));
}

}  // namespace physprobe

#include "physprobe/report/summary_table.h"

#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace physprobe {
namespace {

using Json = nlohmann::json;

const Json kNull;

/// More rows than this are counted, not shown; results.csv holds them all.
constexpr int64_t kMostRows = 1500;

bool has_keys(const Json& row,
              const std::string& encoder,
              const std::string& tap,
              const std::string& condition,
              const std::string& label) {
  return row.at("tap") == tap && row.at("condition") == condition && row.at("label") == label &&
         row.at("encoder") == encoder;
}

std::string left_out(int64_t rows) {
  if (rows <= kMostRows) return "";
  return fmt::format(
      "<p class=\"note\">{} further rows are left out here; all of them stand in results.csv.</p>",
      format_count(rows - kMostRows));
}

std::string cell_of(const Json& row, const char* value, const char* interval, int digits) {
  if (row.is_null()) return number_cell(Json(), digits);
  return number_cell(row.at(value), digits, row.contains(interval) ? &row.at(interval) : nullptr);
}

/// A control's mean, or the reason why there is none.
std::string control_cell(const Json& results,
                         const std::string& encoder,
                         const std::string& tap,
                         const std::string& condition,
                         const std::string& label) {
  const Json& score = find_score(results, "mean_curvature_deg", encoder, tap, condition, label);
  if (!score.is_null()) return cell_of(score, "value", "interval", 1);
  for (const Json& null : results.at("nulls")) {
    if (null.at("name") == condition && null.at("encoder") == encoder &&
        !null.at("applies").get<bool>()) {
      return fmt::format("<td class=\"num none\" data-v=\"\" title=\"{}\">n/a</td>",
                         escape_html(null_text(null)));
    }
  }
  return number_cell(Json(), 1);
}

constexpr const char* kColumns[] = {
    "n",    "mean curvature, °", "minus pixels, °", "ratio to pixels", "share straighter",
    "fade", "shuffled",          "untrained"};

std::string summary_row(const Json& results,
                        const EncoderTaps& encoder,
                        const std::string& tap,
                        const std::string& label,
                        const std::string& name) {
  const Json& score = find_score(results, "mean_curvature_deg", encoder.id, tap, "clip", label);
  const Json& profile = find_profile(results, encoder.id, tap, "clip", label);
  if (score.is_null() && profile.is_null()) return "";
  const std::string cells[] = {
      cell_of(score.is_null() ? profile : score, "n", "", 0),
      score.is_null() ? cell_of(profile, "mean_curvature_deg", "mean_interval", 1)
                      : cell_of(score, "value", "interval", 1),
      tap == "pixel" ? "<td class=\"num none\" data-v=\"\">reference</td>"
                     : cell_of(profile, "difference_deg", "difference_interval", 1),
      cell_of(profile, "ratio", "ratio_interval", 2),
      cell_of(profile, "share_straighter", "share_interval", 2),
      control_cell(results, encoder.id, tap, "fade", label),
      control_cell(results, encoder.id, tap, "shuffled", label),
      control_cell(results, encoder.id, tap, "untrained", label)};
  std::string row = fmt::format("<tr{}><th scope=\"row\">{}</th>",
                                tap == "pixel"            ? " class=\"pixels\""
                                : tap == encoder.main_tap ? " class=\"main\""
                                                          : "",
                                bdi(name));
  // On a phone a row is a block and every number stands below its column's name.
  for (std::size_t i = 0; i < std::size(kColumns); ++i)
    row += fmt::format("<td data-h=\"{}\"{}", kColumns[i], cells[i].substr(3));
  return row + "</tr>";
}

}  // namespace

const nlohmann::json& find_score(const nlohmann::json& results,
                                 const std::string& name,
                                 const std::string& encoder,
                                 const std::string& tap,
                                 const std::string& condition,
                                 const std::string& label) {
  for (const Json& score : results.at("scores")) {
    if (score.at("name") == name && has_keys(score, encoder, tap, condition, label)) return score;
  }
  return kNull;
}

const nlohmann::json& find_profile(const nlohmann::json& results,
                                   const std::string& encoder,
                                   const std::string& tap,
                                   const std::string& condition,
                                   const std::string& label) {
  for (const Json& row : results.at("layer_profile")) {
    if (has_keys(row, encoder, tap, condition, label)) return row;
  }
  return kNull;
}

std::vector<std::string> scored_labels(const nlohmann::json& results) {
  std::vector<std::string> labels = {""};
  for (const Json& score : results.at("scores")) {
    const std::string label = score.at("label").get<std::string>();
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  }
  return labels;
}

std::string null_text(const nlohmann::json& null) {
  const std::string prefix = "not applicable: ";
  const std::string text = null.at("text").get<std::string>();
  return text.rfind(prefix, 0) == 0 ? text.substr(prefix.size()) : text;
}

std::string label_name(const std::string& label) {
  return label.empty() ? "all videos" : label;
}

std::string render_summary_table(const RunFiles& run) {
  const Json& results = run.results();
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Summary table\"><table "
      "class=\"summary\"><thead><tr><td></td><td></td><th colspan=\"4\" scope=\"colgroup\" "
      "class=\"over\">the videos</th><th colspan=\"3\" scope=\"colgroup\" class=\"over\">the same "
      "videos as controls: mean curvature, °</th></tr><tr><th scope=\"col\">Layer</th>";
  for (const char* name : kColumns)
    html += fmt::format("<th scope=\"col\" class=\"num\">{}</th>", name);
  html += "</tr></thead>";
  int64_t rows = 0;
  const auto add_group = [&](const std::string& heading, const std::string& body) {
    if (body.empty()) return;
    html += fmt::format(
        "<tbody><tr class=\"group\"><th colspan=\"9\" scope=\"rowgroup\">{}</th></tr>{}</tbody>",
        heading, body);
  };
  for (const EncoderTaps& encoder : run.encoders()) {
    const bool is_single = encoder.taps.size() == 1;
    std::string single;
    for (const std::string& label : scored_labels(results)) {
      std::string body;
      for (const std::string& tap : encoder.taps) {
        const std::string row =
            summary_row(results, encoder, tap, label, is_single ? label_name(label) : tap);
        if (!row.empty() && ++rows <= kMostRows) body += row;
      }
      if (is_single) {
        single += body;
      } else {
        add_group(fmt::format("{} <span>{}</span>", bdi(encoder.id), bdi(label_name(label))), body);
      }
    }
    // Of one layer a group per label would have one row each.
    if (is_single)
      add_group(fmt::format("{} <span>layer {}</span>", bdi(encoder.id), bdi(encoder.taps[0])),
                single);
  }
  if (rows == 0) return "<p class=\"note\">No video was measured, so there are no numbers.</p>";
  return html + "</table></div>" + left_out(rows);
}

std::string render_score_table(const RunFiles& run) {
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every score\"><table "
      "class=\"scores\"><thead><tr><th "
      "scope=\"col\">Score</th><th scope=\"col\">protocol</th><th scope=\"col\">encoder</th><th "
      "scope=\"col\">layer</th><th "
      "scope=\"col\">condition</th><th scope=\"col\">videos</th><th scope=\"col\" "
      "class=\"num\">value</th><th scope=\"col\">unit</th><th "
      "scope=\"col\" class=\"num\">n</th><th scope=\"col\">interval</th><th scope=\"col\">higher "
      "is</th></tr></thead><tbody>";
  int64_t rows = 0;
  for (const Json& score : run.results().at("scores")) {
    if (++rows > kMostRows) continue;
    const Json& interval = score.at("interval");
    const auto text = [&](const char* key) { return bdi(score.at(key).get<std::string>()); };
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td "
        "class=\"code\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>{}<td>{}</td>{}<td>{} "
        "{}</td><td>{}</td></tr>",
        text("name"), text("protocol"), text("encoder"), text("tap"), text("condition"),
        bdi(label_name(score.at("label").get<std::string>())),
        number_cell(score.at("value"), 4, &interval), text("unit"), number_cell(score.at("n"), 0),
        format_number(interval.value("level", Json()), 2),
        bdi(interval.value("method", std::string())), text("higher_is"));
  }
  return html + "</tbody></table></div>" + left_out(rows);
}

}  // namespace physprobe

#include "physprobe/report/physics_iq_page.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/assets.h"
#include "physprobe/report/html.h"
#include "physprobe/report/media_shelf.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;

constexpr const char* kStyle = R"(
.piq { display: grid; gap: 1.2rem 2rem; grid-template-columns: minmax(0, 1fr); align-items: start; }
@media (min-width: 56rem) { .piq { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }
.piq video { width: 100%; display: block; background: var(--wash); }
.piq img { width: 100%; display: block; margin-top: .5rem; }
.piq .panels { display: grid; grid-template-columns: repeat(3, 1fr); font-size: .75rem; color: var(--quiet); text-align: center; }
.piq .seven { display: grid; grid-template-columns: 1fr 6fr; font-size: .75rem; color: var(--quiet); }
.curve { width: 100%; height: auto; display: block; margin-bottom: .7rem; }
.curve text { font-size: 9px; fill: currentColor; }
.real { stroke: #3b7de0; } .gen { stroke: #e07b1a; } .both { stroke: currentColor; opacity: .55; }
.key i { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; vertical-align: -.05em; }
)";

/// One line of a chart.
struct Series {
  const char* css_class;
  std::vector<double> values;
};

std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& value : list)
    values.push_back(value.is_number() ? value.get<double>()
                                       : std::numeric_limits<double>::quiet_NaN());
  return values;
}

/// A small chart of values per frame over time.
std::string chart(const std::string& title,
                  const std::vector<Series>& series,
                  double top,
                  double seconds) {
  constexpr double kWidth = 320.0;
  constexpr double kHeight = 74.0;
  constexpr double kTop = 14.0;
  constexpr double kBase = 60.0;
  std::string svg = fmt::format(
      "<svg class=\"curve\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><text x=\"0\" "
      "y=\"9\">{}</text><text x=\"{}\" y=\"9\" text-anchor=\"end\">max {:.3g}</text><line x1=\"0\" "
      "x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"currentColor\" opacity=\".3\"/><text x=\"0\" "
      "y=\"71\">0 s</text><text x=\"{}\" y=\"71\" text-anchor=\"end\">{:.3g} s</text>",
      kWidth, kHeight, escape_html(title), escape_html(title), kWidth, top, kWidth, kBase, kBase,
      kWidth, seconds);
  for (const Series& line : series) {
    std::string points;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      if (!std::isfinite(line.values[i])) continue;
      const double x = line.values.size() < 2 ? 0.0
                                              : kWidth * static_cast<double>(i) /
                                                    static_cast<double>(line.values.size() - 1);
      const double y =
          kBase - (kBase - kTop) * (top > 0.0 ? std::min(1.0, line.values[i] / top) : 0.0);
      points += fmt::format("{:.1f},{:.1f} ", x, y);
    }
    svg += fmt::format("<polyline class=\"{}\" fill=\"none\" stroke-width=\"1.3\" points=\"{}\"/>",
                       line.css_class, points);
  }
  return svg + "</svg>";
}

double largest(const std::vector<Series>& series) {
  double top = 0.0;
  for (const Series& line : series)
    for (const double value : line.values)
      if (std::isfinite(value)) top = std::max(top, value);
  return top;
}

std::string cell(const Json& value, int digits = 2) {
  return number_cell(value, digits);
}

std::string scaled(const Json& value) {
  return cell(value.is_number() ? Json(100.0 * value.get<double>()) : Json());
}

/// The interval of a run's score from results.scores.
Json interval_of(const Json& results, const std::string& name, const std::string& run) {
  for (const Json& score : results.at("scores"))
    if (score.at("name") == name && score.at("run") == run && score.at("label") == "")
      return score.at("interval");
  return Json();
}

std::string runs_table(const Json& results) {
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>run</th><th class=\"num\">Verified</th><th "
      "class=\"num\">original</th><th class=\"num\">historical</th><th "
      "class=\"num\">spatial</th><th class=\"num\">weighted</th><th "
      "class=\"num\">spatiotemporal</th><th class=\"num\">MSE</th><th "
      "class=\"num\">fps</th></tr></thead><tbody>";
  for (const Json& run : results.at("runs")) {
    const std::string name = run.at("name").get<std::string>();
    html += "<tr><th scope=\"row\">" + bdi(name) + "</th>";
    const Json& s = run.at("scores");
    if (s.is_null()) {
      html += "<td colspan=\"8\">not scored: views failed</td></tr>";
      continue;
    }
    const auto with_interval = [&](const char* score, const char* key) {
      const Json interval = interval_of(results, score, name);
      const Json value = s.at(key).is_number() ? Json(100.0 * s.at(key).get<double>()) : Json();
      return interval.is_null() ? cell(value) : number_cell(value, 2, &interval);
    };
    html += with_interval("physics_iq_verified", "final_score_view") +
            with_interval("physics_iq_original", "final_score_orig") +
            cell(s.at("final_score_origround")) + scaled(s.at("score_spatial_view")) +
            scaled(s.at("score_weighted_spatial_view")) +
            scaled(s.at("score_spatiotemporal_view")) + scaled(s.at("score_mse_view")) +
            cell(run.at("fps"), 2) + "</tr>";
  }
  if (results.at("runs").size() > 1) {
    html += "<tr class=\"group\"><th>mean ± deviation over runs</th>";
    for (const char* type : {"verified", "original"}) {
      const Json& first = results.at("aggregate").at(type).at(0);
      html += fmt::format("<td class=\"num\">{} ± {}</td>", format_number(first.at("mean"), 2),
                          format_number(first.at("std"), 2));
    }
    html += "<td colspan=\"6\"></td></tr>";
  }
  const Json baselines = results.at("runs").at(0).value("baselines", Json::object());
  for (const auto& [name, baseline] : baselines.items()) {
    html += fmt::format(
        "<tr class=\"pixels\"><th scope=\"row\">baseline: {}</th>{}{}<td "
        "colspan=\"6\"></td></tr>",
        escape_html(baseline.at("text").get<std::string>()), cell(baseline.at("verified")),
        cell(baseline.at("original")));
  }
  return html + "</tbody></table></div>";
}

std::string causes_table(const Json& results) {
  std::string html = "<table><thead><tr><th>cause</th>";
  std::vector<std::string> order;
  for (const Json& run : results.at("runs")) {
    html += "<th class=\"num\">" + bdi(run.at("name").get<std::string>()) + "</th>";
    const Json causes = run.value("causes", Json::object());
    for (const auto& [cause, count] : causes.items())
      if (std::find(order.begin(), order.end(), cause) == order.end()) order.push_back(cause);
  }
  html += "</tr></thead><tbody>";
  for (const std::string& cause : order) {
    html += "<tr><th scope=\"row\">" + escape_html(cause) + "</th>";
    for (const Json& run : results.at("runs"))
      html += fmt::format("<td class=\"num\">{}</td>",
                          run.value("causes", Json::object()).value(cause, int64_t{0}));
    html += "</tr>";
  }
  return html + "</tbody></table>";
}

std::string categories_table(const Json& results) {
  std::string rows;
  for (const Json& run : results.at("runs")) {
    const Json categories = run.value("categories", Json::object());
    for (const auto& [category, entry] : categories.items())
      rows += "<tr><th scope=\"row\">" + escape_html(category) + "</th><td>" +
              bdi(run.at("name").get<std::string>()) + "</td>" +
              fmt::format("<td class=\"num\">{}</td>", entry.at("n_scenarios").get<int64_t>()) +
              scaled(entry.at("final_score_view")) + scaled(entry.at("final_score_orig")) + "</tr>";
  }
  if (rows.empty()) return "";
  return "<h3>By category</h3><table><thead><tr><th>category</th><th>run</th><th "
         "class=\"num\">scenes</th><th class=\"num\">Verified</th><th "
         "class=\"num\">original</th></tr></thead><tbody>" +
         rows + "</tbody></table>";
}

/// A table of a JSON list of flat objects.
std::string flat_table(const Json& list, const std::vector<std::string>& columns) {
  std::string html = "<table><thead><tr>";
  for (const std::string& column : columns) html += "<th>" + escape_html(column) + "</th>";
  html += "</tr></thead><tbody>";
  for (const Json& row : list) {
    html += "<tr>";
    for (const std::string& column : columns) {
      const Json value = row.value(column, Json());
      html += value.is_string() ? "<td>" + bdi(value.get<std::string>()) + "</td>" : cell(value, 3);
    }
    html += "</tr>";
  }
  return html + "</tbody></table>";
}

std::string optional_sections(const std::string& directory, const Json& results) {
  std::string html;
  namespace fs = std::filesystem;
  if (!results.at("paired").empty()) {
    html +=
        "<h3>Runs against the first</h3><p>Mean difference of the Verified sample scores, "
        "paired by sample.</p>" +
        flat_table(results.at("paired"), {"a", "b", "difference", "n"});
  }
  if (fs::exists(directory + "/sensitivity.json"))
    html += "<h3>Under other settings</h3>" +
            flat_table(read_json(directory + "/sensitivity.json").at("table"),
                       {"variant", "run", "verified", "original"});
  if (fs::exists(directory + "/bridge.json")) {
    html += "<h3>Beside other probes</h3>";
    for (const Json& probe : read_json(directory + "/bridge.json").at("probes")) {
      html += "<h4>" + bdi(probe.at("probe").get<std::string>()) + ": " +
              bdi(probe.at("column").get<std::string>()) + "</h4>" +
              flat_table(probe.at("correlations"), {"category", "metric", "spearman", "n"});
      const Json& best = probe.at("best_of_n");
      if (!best.is_null())
        html += flat_table(Json::array({best}),
                           {"candidates", "samples", "verified_lowest", "verified_highest",
                            "verified_random", "verified_oracle"});
    }
  }
  return html;
}

/// Where a media file is shown from: embedded while there is room, else beside the page.
class Room {
 public:
  Room(const std::string& directory, int64_t bytes) : shelf_(directory), bytes_(bytes) {}
  std::string source(const Json& media, const char* key) {
    if (!media.contains(key)) return "";
    const std::string relative = media.at(key).get<std::string>();
    const std::string uri = shelf_.data_uri(relative).value_or("");
    if (uri.empty()) return "";
    if (static_cast<int64_t>(uri.size()) > bytes_) {
      ++left_out_;
      return MediaShelf::relative_url(relative);
    }
    bytes_ -= static_cast<int64_t>(uri.size());
    return uri;
  }
  int64_t left_out() const { return left_out_; }

 private:
  MediaShelf shelf_;
  int64_t bytes_;
  int64_t left_out_ = 0;
};

std::string card(const Json& line, Room& room) {
  const Json& curves = line.at("curves");
  const double seconds = line.at("frames").get<double>() / line.at("fps").get<double>();
  const std::string id = line.at("id").get<std::string>();
  std::string html = fmt::format(
      "<article class=\"card\" id=\"item-{}\"><header><h3><a href=\"{}\">{}</a></h3><span "
      "class=\"label\">{}</span><p class=\"facts\"><span>Verified {}</span><span>spatial IoU "
      "{}</span><span>weighted {}</span><span>spatiotemporal {}</span><span>MSE "
      "{}</span><span>onset delay {} s</span><span>{}</span></p></header><p>{}</p><div "
      "class=\"piq\"><div>",
      escape_html(id), item_href(id), bdi(id), escape_html(line.at("cause").get<std::string>()),
      format_number(line.at("score"), 1), format_number(line.at("metrics").at("spatial_iou"), 3),
      format_number(line.at("metrics").at("weighted_spatial_iou"), 3),
      format_number(line.at("metrics").at("spatiotemporal_iou"), 3),
      format_number(line.at("metrics").at("mse"), 4),
      format_number(line.at("onset_delay_seconds"), 2), bdi(line.at("category").get<std::string>()),
      escape_html(line.at("evidence").get<std::string>()));
  const std::string clip = room.source(line.at("media"), "clip");
  if (!clip.empty())
    html += "<video controls loop muted playsinline preload=\"metadata\" src=\"" + clip +
            "\"></video><div class=\"panels\"><span>real, take "
            "1</span><span>generated</span><span>motion</span></div>";
  const std::string strip = room.source(line.at("media"), "strip");
  if (!strip.empty())
    html += "<img alt=\"Heat map of motion, then motion masks over time\" src=\"" + strip +
            "\"><div class=\"seven\"><span>whole clip</span><span>over time</span></div>";
  const std::vector<Series> areas = {{"real", numbers(curves.at("area_take1"))},
                                     {"gen", numbers(curves.at("area_generated"))},
                                     {"both", numbers(curves.at("overlap"))}};
  const std::vector<Series> ious = {{"both", numbers(curves.at("ceiling_iou"))},
                                    {"gen", numbers(curves.at("spatiotemporal_iou"))}};
  const std::vector<Series> errors = {{"both", numbers(curves.at("ceiling_mse"))},
                                      {"gen", numbers(curves.at("mse"))}};
  html += "</div><div>" + chart("moving pixels", areas, largest(areas), seconds) +
          chart("IoU frame by frame (grey: take 2)", ious, 1.0, seconds) +
          chart("squared error (grey: take 2)", errors, largest(errors), seconds) +
          "</div></div></article>";
  return html;
}

std::string provenance(const Json& results) {
  std::string html = "<dl class=\"provenance\">";
  for (const auto& [key, value] : results.at("settings").items())
    html += "<div><dt>" + escape_html(key) + "</dt><dd>" +
            escape_html(value.is_string() ? value.get<std::string>() : dump_json(value)) +
            "</dd></div>";
  for (const auto& [key, value] : results.at("provenance").items())
    html += "<div><dt>" + escape_html(key) + "</dt><dd>" +
            escape_html(value.is_string() ? value.get<std::string>() : dump_json(value)) +
            "</dd></div>";
  return html + "</dl>";
}

std::string render(const std::string& directory, const Json& results, int64_t max_bytes) {
  std::vector<Json> lines;
  for_each_json_line(directory + "/items.jsonl",
                     [&](int64_t, const Json& line) { lines.push_back(line); });
  const auto score = [](const Json& line) {
    return line.at("score").is_number() ? line.at("score").get<double>() : -1.0;
  };
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const Json& a, const Json& b) { return score(a) < score(b); });
  std::string notes;
  for (const Json& note : results.at("notes"))
    notes += "<li>" + escape_html(note.get<std::string>()) + "</li>";
  std::string places;
  for (const Json& place : results.at("places"))
    places += fmt::format("<p>Among the published {} scores, {}: place {}.</p>",
                          escape_html(place.at("leaderboard").get<std::string>()),
                          escape_html(place.at("input").get<std::string>()),
                          place.at("place").get<int64_t>());
  const std::string head = fmt::format(
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta "
      "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; img-src data: 'self' file:; media-src data: 'self' "
      "file:\"><title>Physics-IQ · physprobe report</title><style>{}{}</style></head><body><main>"
      "<section class=\"hero\"><h1>Physics-IQ</h1><p>{} ground truth, motion masks: {}. {} "
      "samples, "
      "{} failed. 100 is as close to the first real take as the second is.</p></section>",
      asset_css(), kStyle,
      escape_html(results.at("settings").at("ground_truth").get<std::string>()),
      escape_html(results.at("settings").at("masks").get<std::string>()),
      results.at("counts").at("ok").get<int64_t>(),
      results.at("counts").at("failed").get<int64_t>());
  std::string body = "<section class=\"part\"><h2>Scores</h2><div class=\"body\">" +
                     (results.at("runs").empty() ? "" : runs_table(results)) + places +
                     "</div></section><section class=\"part\"><h2>Why</h2><div class=\"body\">" +
                     categories_table(results) + "<h3>Stated causes</h3>" + causes_table(results) +
                     optional_sections(directory, results) + "<h3>Notes</h3><ul>" + notes +
                     "</ul></div></section><section class=\"part full\"><h2>Samples, worst "
                     "first</h2><div class=\"body\"><p class=\"key\"><i "
                     "style=\"background:#4682ff\"></i>only reality moves<i "
                     "style=\"background:#ff8c1e\"></i>only the generated video moves<i "
                     "style=\"background:#fff;outline:1px solid #999\"></i>both</p>";
  constexpr int64_t kCardBytes = 12'000;  // curves and words of one card
  Room room(directory, max_bytes - static_cast<int64_t>(head.size() + body.size()) -
                           kCardBytes * static_cast<int64_t>(lines.size()));
  std::string cards;
  for (const Json& line : lines) cards += card(line, room);
  if (room.left_out() > 0)
    body += fmt::format(
        "<p>{} clips and strips are read from the media folder beside this page; "
        "keep it there.</p>",
        format_count(room.left_out()));
  return head + body + cards +
         "</div></section><section class=\"part\"><h2>Provenance</h2><div class=\"body\">" +
         provenance(results) + "</div></section></main></body></html>\n";
}

}  // namespace

bool is_physics_iq_run(const std::string& directory) {
  const std::string path = directory + "/results.json";
  if (!std::filesystem::exists(path)) return false;
  const Json results = Json::parse(read_file(path), nullptr, false);
  return results.is_object() && results.value("kind", std::string()) == "physics-iq";
}

std::string write_physics_iq_report(const std::string& directory, int64_t max_bytes) {
  if (!std::filesystem::exists(directory + "/COMPLETE") || !is_physics_iq_run(directory))
    throw Error(ErrorKind::kInput, directory, "holds no finished Physics-IQ evaluation");
  const std::string path = directory + "/report.html";
  try {
    write_file_atomic(path, render(directory, read_json(directory + "/results.json"), max_bytes));
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kInput, directory + "/results.json",
                fmt::format("is not as docs/physics_iq.md says: {}", error.what()));
  }
  return path;
}

}  // namespace physprobe

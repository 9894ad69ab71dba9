#include "physprobe/report/item_card.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

using Json = nlohmann::json;

/// Longer trajectories are cut on the card (and the card says so): all angles stand in items.jsonl.
constexpr std::size_t kMostAngles = 600;

std::string lower_ascii(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string short_number(const Json& value) {
  if (!value.is_number()) return "–";
  std::string text = format_number(value, 3);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string facts(const Json& line) {
  const Json& video = line.at("video");
  const Json& sampling = line.at("sampling");
  std::string text = fmt::format(
      "<p class=\"facts\">{} <span>{} × {}</span> <span>{} fps</span> <span>{} frames</span> "
      "<span>{} s</span> <span>{}</span> <span>{} bit</span> <span>sampled: {}, {} frames",
      "<span class=\"path\">" + bdi(line.at("path").get<std::string>()) + "</span>",
      video.at("width").get<int64_t>(), video.at("height").get<int64_t>(),
      short_number(video.at("fps")), format_count(video.at("frame_count").get<int64_t>()),
      short_number(video.at("duration_seconds")), escape_html(video.at("codec").get<std::string>()),
      video.at("bit_depth").get<int64_t>(), escape_html(sampling.at("scheme").get<std::string>()),
      sampling.at("indices").size());
  const int64_t distinct = sampling.at("n_distinct").get<int64_t>();
  if (distinct != static_cast<int64_t>(sampling.at("indices").size()))
    text += fmt::format(", {} distinct", distinct);
  text += "</span>";
  for (const auto& [name, value] : line.at("attributes").items()) {
    text += fmt::format(" <span>{}: {}</span>", bdi(name),
                        bdi(value.is_string() ? value.get<std::string>() : dump_json(value)));
  }
  text += "</p>";
  for (const Json& damage : video.at("damage")) {
    text += fmt::format(
        "<p class=\"warn\">Damaged: {}</p>",
        escape_html(damage.is_string() ? damage.get<std::string>() : dump_json(damage)));
  }
  return text;
}

/// Positions among the samples of the frames on the strip, "0,2,4".
std::string strip_positions(const Json& line) {
  const auto indices = line.at("sampling").at("indices").get<std::vector<int64_t>>();
  std::string positions;
  for (const Json& frame : line.at("media").at("strip_indices")) {
    const auto found = std::find(indices.begin(), indices.end(), frame.get<int64_t>());
    if (found == indices.end()) {
      throw Error(ErrorKind::kInput, line.at("id").get<std::string>(),
                  fmt::format("has frame {} on its film strip, which was not sampled; items.jsonl "
                              "was not written by a run",
                              frame.get<int64_t>()));
    }
    positions += fmt::format("{}{}", positions.empty() ? "" : ",", found - indices.begin());
  }
  return positions;
}

/// A cell of the long table of angles: plain, because there are many of them.
std::string angle_cell(const Json& value) {
  return value.is_number() ? fmt::format("<td>{:.4f}</td>", value.get<double>()) : "<td></td>";
}

std::string picture(const char* kind,
                    const Picture& source,
                    const std::string& geometry,
                    const std::string& name) {
  return fmt::format("<div class=\"{} {}\" style=\"{}{}\" role=\"img\" aria-label=\"{}\"></div>",
                     kind, source.css_class, geometry, source.style, escape_html(name));
}

/// An id that may be broken after "/" and "_".
std::string breakable(const std::string& id) {
  std::string html = "<bdi>";
  for (const char c : escape_html(id)) {
    html += c;
    if (c == '/' || c == '_') html += "<wbr>";
  }
  return html + "</bdi>";
}

std::string thumb(const ItemSummary& item, const CardLook& look) {
  if (item.strip.empty()) return "<div class=\"thumb none\"></div>";
  const Picture source = look.strip(item.strip);
  if (source.css_class.empty() && source.style.empty()) return "<div class=\"thumb none\"></div>";
  const int64_t n = item.strip_frames;
  const double middle =
      n > 1 ? 100.0 * static_cast<double>(n / 2) / static_cast<double>(n - 1) : 0.0;
  return picture("thumb", source,
                 fmt::format("--n:{};--a:{:.4f};--p:{:.4f}%;", n, item.aspect, middle),
                 "Middle frame of " + item.id);
}

std::string watch(const ItemSummary& item, const Json& line, const CardLook& look) {
  const Json& media = line.at("media");
  std::string html = "<div class=\"watch\">";
  const std::string clip =
      media.contains("clip") ? look.clip(media.at("clip").get<std::string>()) : "";
  if (!clip.empty()) {
    html += fmt::format(
        "<div class=\"screen\" style=\"--a:{:.4f}\"><video src=\"{}\" muted loop playsinline "
        "controls "
        "preload=\"metadata\" aria-label=\"{}\"></video></div>",
        item.aspect, clip, escape_html("Low-rate clip of " + item.id));
  }
  const std::size_t samples = line.at("sampling").at("indices").size();
  html += fmt::format(
      "<div class=\"trace\" tabindex=\"0\" role=\"group\" aria-label=\"Film strip and angle at "
      "each step\" data-samples=\"{}\" "
      "data-distinct=\"{}\" data-strip=\"{}\"><div class=\"reel\">",
      samples, line.at("sampling").at("n_distinct").get<int64_t>(),
      item.strip.empty() ? "" : strip_positions(line));
  const Picture strip = item.strip.empty() ? Picture{} : look.strip(item.strip);
  if (strip.css_class.empty() && strip.style.empty()) {
    html += "<p class=\"no-strip\">No film strip is stored for this video.</p>";
  } else {
    html +=
        picture("strip", strip, fmt::format("--n:{};--a:{:.4f};", item.strip_frames, item.aspect),
                fmt::format("Film strip: {} frames of {}", item.strip_frames, item.id));
  }
  html +=
      "<div class=\"plot angles\" role=\"img\" aria-label=\"Angle between successive steps, in "
      "degrees, for the pixels and each layer; the "
      "numbers stand in the table below\"></div><div class=\"playhead\" "
      "hidden></div></div></div></div>";
  return html;
}

struct CurvatureColumn {
  const char* key;
  const char* name;
  const char* meaning;
  int digits;
};
constexpr CurvatureColumn kCurvatureColumns[] = {
    {"mean_curvature_deg", "mean", "Mean angle between successive steps", 1},
    {"henaff_mean_curvature_deg", "Hénaff",
     "Mean curvature as Hénaff, Goris and Simoncelli 2019 define it", 1},
    {"fade_mean_curvature_deg", "fade", "Cross-fade between the video's own end frames", 1},
    {"shuffled_mean_curvature_deg", "shuffled", "The video's frames in random orders", 1},
    {"untrained_mean_curvature_deg", "untrained", "The same architecture with drawn weights", 1},
    {"n_zero_steps", "zero steps", "Steps of exactly zero length", 0}};

bool has_numbers(const Json& line, const char* key) {
  for (const Json& encoder : line.at("encoders")) {
    for (const Json& tap : encoder.at("taps")) {
      if (tap.value(key, Json()).is_number()) return true;
    }
  }
  return false;
}

std::string tap_table(const RunFiles& run, const Json& line) {
  std::string head;
  std::vector<CurvatureColumn> columns;
  for (const CurvatureColumn& column : kCurvatureColumns) {
    // A control that was not measured for this video has no column.
    if (!has_numbers(line, column.key)) continue;
    columns.push_back(column);
    head += fmt::format("<th scope=\"col\"><abbr title=\"{}\">{}</abbr></th>", column.meaning,
                        column.name);
  }
  std::string html =
      "<div class=\"scroll\"><table class=\"taps\"><caption>Curvature, degrees</caption><thead><tr>"
      "<th scope=\"col\">Layer</th>" +
      head + "</tr></thead>";
  for (const EncoderTaps& known : run.encoders()) {
    if (!line.at("encoders").contains(known.id)) continue;
    const Json& values = line.at("encoders").at(known.id);
    html +=
        fmt::format("<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>",
                    columns.size() + 1, bdi(known.id));
    for (const std::string& tap : known.taps) {
      if (!values.at("taps").contains(tap)) continue;
      const Json& numbers = values.at("taps").at(tap);
      html += fmt::format("<tr{}><th scope=\"row\">{}</th>",
                          tap == known.main_tap ? " class=\"main\"" : "", bdi(tap));
      for (const CurvatureColumn& column : columns)
        html += number_cell(numbers.value(column.key, Json()), column.digits);
      html += "</tr>";
    }
    html += "</tbody>";
  }
  return html + "</table></div>";
}

/// ", cosine distance", or what the suite's metric is called; "" when the run does not say.
std::string distance_name(const RunFiles& run) {
  const Json suite = run.results().at("provenance").value("suite", Json::object());
  const Json memory = suite.value("memory", Json::object());
  const std::string metric = memory.value("metric", std::string());
  return metric.empty() ? "" : ", " + escape_html(metric) + " distance";
}

std::string retrieved(const RunFiles& run,
                      const ItemSummary& query,
                      const Json& line,
                      const CardLook& look) {
  std::string html;
  for (const EncoderTaps& known : run.encoders()) {
    if (!line.at("encoders").contains(known.id)) continue;
    const std::string& encoder = known.id;
    const Json& values = line.at("encoders").at(encoder);
    if (!values.contains("neighbours") || values.at("neighbours").empty()) continue;
    html += fmt::format(
        "<section class=\"near\"><h4>Nearest stored cases by {}{}</h4><ol><li "
        "class=\"query\">{}<span "
        "class=\"who\">this video</span></li>",
        bdi(encoder), distance_name(run), thumb(query, look));
    for (const Json& neighbour : values.at("neighbours")) {
      const std::string id = neighbour.at("id").get<std::string>();
      const int64_t index = run.find(id);
      if (index < 0) {
        html += fmt::format("<li><div class=\"thumb none\"></div><span class=\"who\">{}</span>",
                            breakable(id));
      } else {
        const ItemSummary& item = run.items()[static_cast<std::size_t>(index)];
        html += fmt::format("<li><a href=\"{}\">{}<span class=\"who\">{}</span></a>", item_href(id),
                            thumb(item, look), breakable(id));
        if (!item.label.empty()) {
          html += fmt::format(
              "<span class=\"label{}\">{}</span>",
              item.label == query.label ? " same\" title=\"the label of this video" : "",
              bdi(item.label));
        }
      }
      html += fmt::format("<span class=\"far\" title=\"distance {}\">{}</span></li>",
                          dump_json(neighbour.at("distance")),
                          format_number(neighbour.at("distance"), 4));
    }
    html += "</ol></section>";
  }
  return html.empty() ? "" : "<div class=\"nears\">" + html + "</div>";
}

std::string angle_table(const RunFiles& run, const Json& line) {
  struct Column {
    std::string kind, name;
    const Json* angles;
  };
  std::vector<Column> columns;
  std::size_t count = 0;
  bool has_pixels = false;
  const auto n_charted =
      std::count_if(run.encoders().begin(), run.encoders().end(),
                    [](const EncoderTaps& encoder) { return !encoder.main_tap.empty(); });
  for (const EncoderTaps& known : run.encoders()) {
    if (!line.at("encoders").contains(known.id)) continue;
    const std::string& encoder = known.id;
    const Json& values = line.at("encoders").at(encoder);
    for (const std::string& tap : known.taps) {
      if (!values.at("taps").contains(tap)) continue;
      const Json& numbers = values.at("taps").at(tap);
      const bool is_pixel = tap == "pixel";
      // Every encoder sees its own preprocessed pixels; the chart draws the first encoder's.
      const char* kind = is_pixel                ? (has_pixels ? "aside" : "pixel")
                         : tap == known.main_tap ? "main"
                                                 : "other";
      has_pixels = has_pixels || is_pixel;
      // Short where that is clear.
      const bool is_clear = is_pixel ? std::string(kind) == "pixel" : n_charted == 1;
      std::string name = is_clear ? tap : fmt::format("{} · {}", encoder, tap);
      if (values.contains("frames_per_step")) {
        name += fmt::format(" (steps of {} frames)", values.at("frames_per_step").get<int64_t>());
      }
      columns.push_back({kind, name, &numbers.at("curvature_deg")});
      count = std::max(count, columns.back().angles->size());
    }
  }
  const Json& indices = line.at("sampling").at("indices");
  const Json& times = line.at("sampling").at("pts_seconds");
  std::string html = "<details class=\"data\"><summary>Angles as a table</summary>";
  if (count == 0) return html + "<p>Fewer than three frames: no angle is defined.</p></details>";
  if (count > kMostAngles) {
    html += fmt::format("<p>The first {} of {} angles; all of them stand in items.jsonl.</p>",
                        kMostAngles, count);
    count = kMostAngles;
  }
  html +=
      "<div class=\"scroll\"><table class=\"series\"><thead><tr><th scope=\"col\">sample</th><th "
      "scope=\"col\">frame</th><th "
      "scope=\"col\">time, s</th>";
  for (const Column& column : columns) {
    html +=
        fmt::format("<th scope=\"col\" data-kind=\"{}\">{}</th>", column.kind, bdi(column.name));
  }
  html += "</tr></thead><tbody>";
  // Repeated frames may have been dropped before the angles were taken; then angles and samples
  // cannot be paired.
  const bool is_paired = count + 2 == indices.size() || count == kMostAngles;
  for (std::size_t i = 0; i < count; ++i) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", i + 1);
    html += is_paired ? fmt::format("<td>{}</td>{}", indices.at(i + 1).get<int64_t>(),
                                    angle_cell(times.at(i + 1)))
                      : "<td></td><td></td>";
    for (const Column& column : columns) {
      html += angle_cell(i < column.angles->size() ? (*column.angles)[i] : Json());
    }
    html += "</tr>";
  }
  return html + "</tbody></table></div></details>";
}

std::string trajectory_table(const RunFiles& run, const Json& line) {
  static constexpr const char* kNames[] = {"speed", "curv", "ang", "accel", "perr"};
  std::string html =
      "<details class=\"data\"><summary>Trajectory statistics</summary><div "
      "class=\"scroll\"><table><caption>As protocol "
      "geophys/1 defines them</caption><thead><tr><th scope=\"col\">Layer</th>";
  for (const char* name : kNames) html += fmt::format("<th scope=\"col\">{}</th>", name);
  html += "</tr></thead>";
  for (const EncoderTaps& known : run.encoders()) {
    if (!line.at("encoders").contains(known.id)) continue;
    const std::string& encoder = known.id;
    const Json& values = line.at("encoders").at(encoder);
    html +=
        fmt::format("<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"6\">{}</th></tr>",
                    bdi(encoder));
    for (const std::string& tap : known.taps) {
      if (!values.at("taps").contains(tap)) continue;
      const Json& numbers = values.at("taps").at(tap);
      html += fmt::format("<tr><th scope=\"row\">{}</th>", bdi(tap));
      const Json statistics = numbers.value("geophys", Json::object());
      for (const char* name : kNames) html += number_cell(statistics.value(name, Json()), 4);
      html += "</tr>";
    }
    html += "</tbody>";
  }
  return html + "</table></div></details>";
}

}  // namespace

std::string render_item_card(const RunFiles& run,
                             const nlohmann::json& line,
                             const CardLook& look) {
  const std::string id = line.at("id").get<std::string>();
  const ItemSummary& item = run.items()[static_cast<std::size_t>(run.find(id))];
  std::string search = id + " " + item.label + " " + line.at("path").get<std::string>();
  for (const auto& [name, value] : line.at("attributes").items()) {
    search += " " + name + ":" + (value.is_string() ? value.get<std::string>() : dump_json(value));
  }
  std::string html = fmt::format(
      "<article class=\"card\" id=\"{}\" data-search=\"{}\"><header><h3><a href=\"{}\" "
      "title=\"Permanent link to "
      "this video\">{}</a></h3>",
      escape_html("item-" + id), escape_html(lower_ascii(search)), item_href(id), bdi(id));
  if (!item.label.empty()) html += fmt::format("<span class=\"label\">{}</span>", bdi(item.label));
  const std::string pair = line.value("pair", std::string());
  if (!pair.empty()) html += fmt::format("<span class=\"label quiet\">pair {}</span>", bdi(pair));
  html += facts(line) + "</header>" + watch(item, line, look);
  html +=
      "<div class=\"beside\">" + tap_table(run, line) + retrieved(run, item, line, look) + "</div>";
  html +=
      "<footer>" + angle_table(run, line) + trajectory_table(run, line) +
      "<span class=\"save\" hidden><button type=\"button\" data-save=\"svg\">Save as SVG</button> "
      "<button type=\"button\" data-save=\"csv\">Save as CSV</button></span></footer></article>\n";
  return html;
}

}  // namespace physprobe

#include "physprobe/report/physics_iq_cards.h"

#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace physprobe {
namespace {

using Json = nlohmann::json;

// The browser's own controls darken a small clip while it waits, so they come once it is played.
constexpr std::string_view kScript = R"(
'use strict';
for (const clip of document.querySelectorAll('.piq .clip')) {
  const video = clip.querySelector('video');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'play';
  button.setAttribute('aria-label', 'Play the clip');
  const begin = () => {
    if (!button.isConnected) return;
    button.remove();
    video.controls = true;
    video.focus({preventScroll: true});
    video.play().catch(() => {});
  };
  video.controls = false;
  button.addEventListener('click', begin);
  video.addEventListener('click', begin);
  clip.append(button);
}
)";

constexpr const char* kStyle = R"(
.piq video, .piq img { width: 100%; display: block; background: var(--wash); }
.piq .clip { position: relative; }
.piq .play { width: 1.7rem; height: 1.7rem; }
.piq .play::before { inset: .5rem; }
.piq .panels, .piq .seven { display: grid; font-size: .8125rem; color: var(--quiet); }
.piq .panels { grid-template-columns: repeat(3, 1fr); margin-bottom: .3rem; }
.piq .seven { grid-template-columns: 1fr 6fr; margin: .9rem 0 .3rem; white-space: nowrap; }
.piq .film { min-width: 42rem; }
.curves { display: grid; gap: 1rem 2.4rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); margin: 1.1rem 0 .6rem; }
.curve { width: 100%; height: auto; display: block; }
.curve text { font-size: 10px; fill: var(--quiet); }
.curve line { stroke: var(--hair); }
.curve polyline { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.real { stroke: #3b7de0; } .gen { stroke: #e07b1a; } .both { stroke: var(--quiet); }
.evidence { margin: 0 0 1rem; max-width: 52rem; }
.facts b { color: var(--ink); font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin: 0 0 1.4rem; font-size: .875rem; }
.legend i { display: inline-block; width: .85em; height: .85em; margin-right: .45em; vertical-align: -.07em; }
@media (max-width: 40rem) { .card { padding: 1rem .9rem .6rem; } }
@media print { .card { break-inside: avoid; } }
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
      "x2=\"{}\" y1=\"{}\" y2=\"{}\" /><text x=\"0\" "
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
    svg += fmt::format("<polyline class=\"{}\" points=\"{}\"/>", line.css_class, points);
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

/// Real, generated and overlap, playing side by side, above the strip and the curves.
std::string card(const Json& line, MediaRoom& room) {
  const Json& curves = line.at("curves");
  const double seconds = line.at("frames").get<double>() / line.at("fps").get<double>();
  const std::string id = line.at("id").get<std::string>();
  const Json& metrics = line.at("metrics");
  std::string html = fmt::format(
      "<article class=\"card\" id=\"item-{}\"><header><h3><a href=\"{}\">{}</a></h3><span "
      "class=\"label\">{}</span><p class=\"facts\"><span><b>Verified {}</b></span> <span>spatial "
      "IoU {}</span> <span>weighted {}</span> <span>spatiotemporal {}</span> <span>squared error "
      "{}</span>",
      escape_html(id), item_href(id), bdi(id), escape_html(line.at("cause").get<std::string>()),
      format_number(line.at("score"), 1), format_number(metrics.at("spatial_iou"), 3),
      format_number(metrics.at("weighted_spatial_iou"), 3),
      format_number(metrics.at("spatiotemporal_iou"), 3), format_number(metrics.at("mse"), 4));
  if (line.at("onset_delay_seconds").is_number()) {
    const double delay = line.at("onset_delay_seconds").get<double>();
    html += fmt::format(" <span>motion begins {:.2f} s {}</span>", std::abs(delay),
                        delay < 0.0 ? "early" : "late");
  }
  const std::string category = line.at("category").get<std::string>();
  if (!category.empty()) html += " <span>" + bdi(category) + "</span>";
  html += fmt::format("</p></header><p class=\"evidence\">{}</p><div class=\"piq\">",
                      escape_html(line.at("evidence").get<std::string>()));
  const std::string clip = room.source(line.at("media"), "clip");
  if (!clip.empty())
    html +=
        "<div class=\"panels\"><span>real, take "
        "1</span><span>generated</span><span>where they move</span></div><div "
        "class=\"clip\"><video controls loop muted playsinline preload=\"metadata\" src=\"" +
        clip + "\"></video></div>";
  const std::string strip = room.source(line.at("media"), "strip");
  if (!strip.empty())
    html +=
        "<div class=\"scroll\"><div class=\"film\"><div class=\"seven\"><span>whole "
        "clip</span><span>motion masks over time →</span></div><img loading=\"lazy\" alt=\"Heat "
        "map of motion, then motion masks over time\" src=\"" +
        strip + "\"></div></div>";
  const std::vector<Series> areas = {{"real", numbers(curves.at("area_take1"))},
                                     {"gen", numbers(curves.at("area_generated"))},
                                     {"both", numbers(curves.at("overlap"))}};
  const std::vector<Series> ious = {{"both", numbers(curves.at("ceiling_iou"))},
                                    {"gen", numbers(curves.at("spatiotemporal_iou"))}};
  const std::vector<Series> errors = {{"both", numbers(curves.at("ceiling_mse"))},
                                      {"gen", numbers(curves.at("mse"))}};
  return html + "<div class=\"curves\">" +
         chart("moving pixels (grey: both)", areas, largest(areas), seconds) +
         chart("IoU frame by frame (grey: take 2)", ious, 1.0, seconds) +
         chart("squared error (grey: take 2)", errors, largest(errors), seconds) +
         "</div></div></article>";
}

}  // namespace

std::string MediaRoom::source(const Json& media, const char* key) {
  if (!media.contains(key)) return "";
  const std::string relative = media.at(key).get<std::string>();
  std::string uri = shelf_.data_uri(relative).value_or("");
  if (uri.empty()) return "";
  if (static_cast<int64_t>(uri.size()) > bytes_) {
    ++left_out_;
    return MediaShelf::relative_url(relative);
  }
  bytes_ -= static_cast<int64_t>(uri.size());
  return uri;
}

std::string physics_iq_cards(const std::vector<Json>& lines, MediaRoom& room) {
  std::string html;
  for (const Json& line : lines) html += card(line, room);
  return html;
}

const char* physics_iq_style() {
  return kStyle;
}

std::string_view physics_iq_script() {
  return kScript;
}

}  // namespace physprobe

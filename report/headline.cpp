#include "physprobe/report/headline.h"

#include "physprobe/report/html.h"
#include "physprobe/report/summary_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostHeadlines = 3;
constexpr std::size_t kMostFigures = 4;

std::string signed_number(const Json& value, int digits) {
  const std::string text = format_number(value, digits);
  return value.is_number() && value.get<double>() > 0.0 ? "+" + text : text;
}

/// What an interval of a difference from pixels lets one say. So few videos that even all of them
/// changing in one direction would be likelier than the interval's error (a sign test: 2^(1-n))
/// decide nothing, however narrow a bootstrap over them is.
const char* verdict(const Json& row) {
  const Json& interval = row.at("difference_interval");
  const Json low = interval.value("low", Json());
  const Json high = interval.value("high", Json());
  const double error = 1.0 - interval.value("level", 0.95);
  if (std::ldexp(1.0, static_cast<int>(std::max<int64_t>(1 - row.at("n").get<int64_t>(), -1000))) >
      error)
    return "are too few to be told apart from";
  if (high.is_number() && high.get<double>() < 0.0) return "are straighter than";
  if (low.is_number() && low.get<double>() > 0.0) return "are more curved than";
  return "cannot be told apart from";
}

/// The interval drawn as a bar on the scale that all key figures share: zero is the pixels.
std::string interval_bar(const Json& row, double scale_low, double scale_high) {
  const Json& interval = row.at("difference_interval");
  const Json low = interval.value("low", Json());
  const Json high = interval.value("high", Json());
  if (!row.at("difference_deg").is_number() || !low.is_number() || !high.is_number()) return "";
  const auto share = [&](double deg) {
    return 100.0 * (deg - scale_low) / (scale_high - scale_low);
  };
  return fmt::format(
      "<div class=\"range\" aria-hidden=\"true\"><i class=\"zero\" style=\"left:{:.2f}%\"></i><i "
      "class=\"span\" style=\"left:{:.2f}%;right:{:.2f}%\"></i><i class=\"dot\" "
      "style=\"left:{:.2f}%\"></i></div>",
      share(0.0), share(low.get<double>()), 100.0 - share(high.get<double>()),
      share(row.at("difference_deg").get<double>()));
}

/// One digit, or more where an end of the interval would round to zero and lose its side.
int digits_of(const Json& interval) {
  int digits = 1;
  for (const char* end : {"low", "high"}) {
    const Json value = interval.value(end, Json());
    if (!value.is_number() || value.get<double>() == 0.0) continue;
    while (digits < 4 && std::abs(value.get<double>()) < 0.5 * std::pow(10.0, -digits)) ++digits;
  }
  return digits;
}

/// The differences from pixels, side by side: name of the videos and their row of the layer
/// profile.
std::string key_figures(const std::string& tap,
                        const std::vector<std::pair<std::string, const Json*>>& figures) {
  double low = 0.0;
  double high = 0.0;
  for (const auto& [name, row] : figures) {
    for (const char* end : {"low", "high"}) {
      const Json value = row->at("difference_interval").value(end, Json());
      if (!value.is_number()) continue;
      low = std::min(low, value.get<double>());
      high = std::max(high, value.get<double>());
    }
  }
  const Json level = figures.front().second->at("difference_interval").value("level", Json());
  const std::string brackets = level.is_number()
                                   ? fmt::format("; brackets hold {:.4g} % intervals over videos",
                                                 100.0 * level.get<double>())
                                   : "";
  const double margin = std::max(1.0, 0.04 * (high - low));
  std::string html = fmt::format(
      "<h2 class=\"over\">Curvature at layer {} minus that of the same videos' pixels{}</h2><dl "
      "class=\"keys\">",
      bdi(tap), brackets);
  for (const auto& [name, row] : figures) {
    // A cross-fade's pixels are straight: a ratio to nothing says nothing.
    const std::string ratio = row->at("condition") == "fade"
                                  ? ""
                                  : fmt::format("<small>ratio to pixels {} {}</small>",
                                                format_number(row->at("ratio"), 2),
                                                format_interval(row->at("ratio_interval"), 2));
    const int digits = digits_of(row->at("difference_interval"));
    html += fmt::format(
        "<div class=\"key\"><dt>{}</dt><dd><b>{}°</b> <span "
        "class=\"ci\">{}</span>{}{}<small>share straighter {} {}</small><small>n = "
        "{}</small></dd></div>",
        name, signed_number(row->at("difference_deg"), digits),
        format_interval(row->at("difference_interval"), digits),
        interval_bar(*row, low - margin, high + margin), ratio,
        format_number(row->at("share_straighter"), 2),
        format_interval(row->at("share_interval"), 2), format_count(row->at("n").get<int64_t>()));
  }
  return html + "</dl>";
}

/// The reason why a null was not measured for an encoder, "" when it was or nobody asked.
std::string why_not_applicable(const Json& results,
                               const std::string& null,
                               const std::string& encoder) {
  for (const Json& row : results.at("nulls")) {
    if (row.at("name") == null && row.at("encoder") == encoder && !row.at("applies").get<bool>())
      return null_text(row);
  }
  return "";
}

/// Mean curvature at the main tap beside everything it is held against, one column a label.
std::string held_against(const Json& results,
                         const EncoderTaps& encoder,
                         const std::vector<std::string>& labels) {
  struct Row {
    const char* name;
    const std::string tap;
    const char* condition;
  };
  const Row rows[] = {{"the videos", encoder.main_tap, "clip"},
                      {"their pixels", "pixel", "clip"},
                      {"their frames shuffled", encoder.main_tap, "shuffled"},
                      {"their end frames cross-faded", encoder.main_tap, "fade"},
                      {"with untrained weights", encoder.main_tap, "untrained"}};
  std::string head;
  for (const std::string& label : labels) {
    const Json& score =
        find_score(results, "mean_curvature_deg", encoder.id, encoder.main_tap, "clip", label);
    head += fmt::format("<th scope=\"col\" class=\"num\">{}{}</th>", bdi(label_name(label)),
                        score.is_null() ? ""
                                        : fmt::format(" <small>n = {}</small>",
                                                      format_count(score.at("n").get<int64_t>())));
  }
  std::string body;
  for (const Row& row : rows) {
    std::string cells;
    bool has_any = false;
    for (const std::string& label : labels) {
      const Json& score =
          find_score(results, "mean_curvature_deg", encoder.id, row.tap, row.condition, label);
      has_any = has_any || !score.is_null();
      cells += score.is_null() ? number_cell(Json(), 1)
                               : number_cell(score.at("value"), 1, &score.at("interval"));
    }
    if (!has_any) {
      const std::string reason = why_not_applicable(results, row.condition, encoder.id);
      if (reason.empty()) continue;
      cells = fmt::format("<td class=\"why\" colspan=\"{}\">not applicable: {}</td>", labels.size(),
                          bdi(reason));
    }
    body += fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>", row.name, cells);
  }
  return fmt::format(
      "<table class=\"held\"><caption>Mean curvature at layer {}, degrees</caption><thead><tr><th "
      "scope=\"col\"><span class=\"unseen\">condition</span></th>{}</tr></thead><tbody>{}</tbody>"
      "</table>",
      bdi(encoder.main_tap), head, body);
}

std::string encoder_headline(const RunFiles& run, const EncoderTaps& encoder, bool is_first) {
  const Json& results = run.results();
  const Json& row = find_profile(results, encoder.id, encoder.main_tap, "clip", "");
  const char* level = is_first ? "h1" : "h2";
  if (row.is_null()) {
    const Json& score =
        find_score(results, "mean_curvature_deg", encoder.id, encoder.main_tap, "clip", "");
    if (score.is_null()) {
      return fmt::format(
          "<{0} class=\"finding\">No curvature is defined at layer {1} of {2}.</{0}>", level,
          bdi(encoder.main_tap), bdi(encoder.id));
    }
    return fmt::format(
        "<{0} class=\"finding\">Mean curvature at layer {1} is {2}°; there are no pixels to "
        "compare with.</{0}>",
        level, bdi(encoder.main_tap), format_number(score.at("value"), 1));
  }
  std::vector<std::string> labels;
  for (const std::string& label : scored_labels(results)) {
    if (!label.empty() &&
        !find_profile(results, encoder.id, encoder.main_tap, "clip", label).is_null())
      labels.push_back(label);
  }
  std::string sentence;
  std::vector<std::pair<std::string, const Json*>> figures;
  if (labels.size() >= 2 && labels.size() < kMostFigures) {
    // Videos of different labels are different questions: one answer each, said once if it is one.
    std::vector<const char*> verdicts;
    for (const std::string& label : labels) {
      const Json& of_label = find_profile(results, encoder.id, encoder.main_tap, "clip", label);
      verdicts.push_back(verdict(of_label));
      figures.emplace_back(bdi(label), &of_label);
    }
    const bool is_one = std::all_of(verdicts.begin(), verdicts.end(), [&](const char* other) {
      return std::string(other) == verdicts.front();
    });
    sentence = "At layer " + bdi(encoder.main_tap) + ", ";
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const bool is_last = i + 1 == labels.size();
      const char* separator = i == 0   ? ""
                              : is_one ? (is_last ? " and " : ", ")
                                       : (is_last ? "; " : ", ");
      sentence += fmt::format("{}<em>{}</em>", separator, bdi(labels[i]));
      if (!is_one)
        sentence += fmt::format(" videos {} {}", verdicts[i], i == 0 ? "their pixels" : "theirs");
    }
    if (is_one) sentence += fmt::format(" videos {} their pixels", verdicts.front());
  } else {
    labels = {""};
    sentence = fmt::format("At layer {}, the videos <em>{}</em> their pixels",
                           bdi(encoder.main_tap), verdict(row));
    figures.emplace_back("all videos", &row);
  }
  const Json& fade = find_profile(results, encoder.id, encoder.main_tap, "fade", "");
  if (!fade.is_null()) figures.emplace_back("control: end frames cross-faded", &fade);
  std::string what = bdi(encoder.id);
  for (const Json& known : results.at("encoders")) {
    const std::string description = known.value("description", std::string());
    if (known.at("id") == encoder.id && !description.empty()) what += ": " + bdi(description);
  }
  return fmt::format(
             "<div class=\"answer\"><div><p class=\"lede\">{2}</p><{0} "
             "class=\"finding\">{1}.</{0}></div>{3}</div>",
             level, sentence, what, held_against(results, encoder, labels)) +
         key_figures(encoder.main_tap, figures);
}

}  // namespace

std::string render_headline(const RunFiles& run) {
  const Json& results = run.results();
  const Json& counts = results.at("counts");
  std::string html = fmt::format("<p class=\"kicker\">Perceptual straightening · <b>{}</b></p>",
                                 bdi(results.at("name").get<std::string>()));
  const std::string description = results.value("description", std::string());
  if (!description.empty())
    html += fmt::format("<p class=\"description\">{}</p>", bdi(description));
  const int64_t failed = counts.at("failed").get<int64_t>();
  std::size_t findings = 0;
  if (run.items().empty()) {
    html += "<h1 class=\"finding\">No video was measured.</h1>";
    ++findings;
  }
  for (const EncoderTaps& encoder : run.encoders()) {
    // An encoder of pixels alone is the reference, not a finding.
    if (encoder.main_tap.empty() || run.items().empty()) continue;
    if (findings < kMostHeadlines) html += encoder_headline(run, encoder, findings == 0);
    ++findings;
  }
  if (findings == 0) html += "<h1 class=\"finding\">Only pixels were measured.</h1>";
  if (findings > kMostHeadlines) {
    html += fmt::format("<p class=\"lede\">{} further encoders stand in the summary.</p>",
                        findings - kMostHeadlines);
  }
  html += fmt::format(
      "<p class=\"counts\"><span><b>{}</b> videos</span> <span><b>{}</b> measured</span> "
      "<span{}><b>{}</b> {}</span></p>",
      format_count(counts.at("items").get<int64_t>()), format_count(counts.at("ok").get<int64_t>()),
      failed > 0 ? " class=\"bad\"" : "", format_count(failed),
      failed > 0 ? "<a href=\"#failures\">failed</a>" : "failed");
  return html;
}

}  // namespace physprobe

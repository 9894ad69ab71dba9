#include "physprobe/report/sections.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"
#include "physprobe/report/summary_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using Json = nlohmann::json;

/// More failures than these are counted; failures.jsonl lists them all.
constexpr int64_t kMostFailures = 200;
constexpr std::size_t kMostHeadlines = 3;
constexpr std::size_t kMostFigures = 4;

std::string signed_number(const Json& value, int digits) {
  const std::string text = format_number(value, digits);
  return value.is_number() && value.get<double>() > 0.0 ? "+" + text : text;
}

/// What an interval of a difference from pixels lets one say.
const char* verdict(const Json& row) {
  const Json& interval = row.at("difference_interval");
  const Json low = interval.value("low", Json());
  const Json high = interval.value("high", Json());
  if (high.is_number() && high.get<double>() < 0.0) return "are straighter than";
  if (low.is_number() && low.get<double>() > 0.0) return "are more curved than";
  return "cannot be told apart from";
}

std::string key_figure(const Json& row, const std::string& what) {
  return fmt::format(
      "<div class=\"key\"><dt>{}</dt><dd><b>{}°</b> <span class=\"ci\">{}</span><small>against "
      "their pixels, n = {}</small></dd></div>",
      what, signed_number(row.at("difference_deg"), 1),
      format_interval(row.at("difference_interval"), 1), format_count(row.at("n").get<int64_t>()));
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
  std::string html;
  std::string figures;
  if (labels.size() >= 2 && labels.size() < kMostFigures) {
    // Videos of different labels are different questions: one answer each.
    std::string sentence;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const Json& of_label = find_profile(results, encoder.id, encoder.main_tap, "clip", labels[i]);
      sentence +=
          fmt::format("{}<em>{}</em> videos {} {}",
                      i == 0                   ? "At layer " + bdi(encoder.main_tap) + ", "
                      : i + 1 == labels.size() ? "; "
                                               : ", ",
                      bdi(labels[i]), verdict(of_label), i == 0 ? "their pixels" : "theirs");
      figures += key_figure(of_label, bdi(labels[i]));
    }
    html += fmt::format("<{0} class=\"finding\">{1}.</{0}>", level, sentence);
  } else {
    html += fmt::format(
        "<{0} class=\"finding\">At layer {1}, the videos <em>{2}</em> their pixels.</{0}>", level,
        bdi(encoder.main_tap), verdict(row));
    figures += key_figure(row, "all videos");
  }
  const Json& fade = find_profile(results, encoder.id, encoder.main_tap, "fade", "");
  if (!fade.is_null()) figures += key_figure(fade, "cross-fades of their end frames");
  html += fmt::format(
      "<p class=\"lede\">{}: mean curvature of all videos {}° {} at layer {}; difference from "
      "pixels {}° {}, ratio {} {}, share of "
      "videos that are straighter {} {}, n = {}.</p>",
      bdi(encoder.id), format_number(row.at("mean_curvature_deg"), 1),
      format_interval(row.at("mean_interval"), 1), bdi(encoder.main_tap),
      signed_number(row.at("difference_deg"), 1), format_interval(row.at("difference_interval"), 1),
      format_number(row.at("ratio"), 2), format_interval(row.at("ratio_interval"), 2),
      format_number(row.at("share_straighter"), 2), format_interval(row.at("share_interval"), 2),
      format_count(row.at("n").get<int64_t>()));
  return html + "<dl class=\"keys\">" + figures + "</dl>";
}

std::string definition(const std::string& term, const std::string& text) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, text);
}

std::string code(const Json& value) {
  return "<code>" + escape_html(value.is_string() ? value.get<std::string>() : dump_json(value)) +
         "</code>";
}

}  // namespace

std::string render_headline(const RunFiles& run) {
  const Json& results = run.results();
  const Json& counts = results.at("counts");
  std::string html = fmt::format("<p class=\"kicker\">Perceptual straightening · <bdi>{}</bdi></p>",
                                 escape_html(results.at("name").get<std::string>()));
  std::size_t findings = 0;
  for (const EncoderTaps& encoder : run.encoders()) {
    // An encoder of pixels alone is the reference, not a finding.
    if (encoder.main_tap.empty()) continue;
    if (findings < kMostHeadlines) html += encoder_headline(run, encoder, findings == 0);
    ++findings;
  }
  if (findings == 0) html += "<h1 class=\"finding\">Only pixels were measured.</h1>";
  if (findings > kMostHeadlines) {
    html += fmt::format("<p class=\"lede\">{} further encoders stand in the summary.</p>",
                        findings - kMostHeadlines);
  }
  const std::string description = results.value("description", std::string());
  if (!description.empty())
    html += fmt::format("<p class=\"description\">{}</p>", bdi(description));
  html += fmt::format(
      "<p class=\"counts\"><span><b>{}</b> videos</span> <span><b>{}</b> measured</span> "
      "<span{}><b>{}</b> failed</span></p>",
      format_count(counts.at("items").get<int64_t>()), format_count(counts.at("ok").get<int64_t>()),
      counts.at("failed").get<int64_t>() > 0 ? " class=\"bad\"" : "",
      format_count(counts.at("failed").get<int64_t>()));
  return html;
}

std::string render_nulls(const RunFiles& run) {
  std::string html;
  for (const Json& null : run.results().at("nulls")) {
    const bool applies = null.at("applies").get<bool>();
    html += fmt::format("<div><dt>{} <small>{}</small></dt><dd>{}{}</dd></div>",
                        bdi(null.at("name").get<std::string>()),
                        bdi(null.at("encoder").get<std::string>()),
                        applies ? "" : "<span class=\"label quiet\">n/a</span> ",
                        bdi(null.at("text").get<std::string>()));
  }
  return html.empty()
             ? ""
             : "<h3>What the numbers are held against</h3><dl class=\"nulls\">" + html + "</dl>";
}

std::string render_notes(const RunFiles& run) {
  std::string html;
  for (const Json& note : run.results().at("notes"))
    html += fmt::format("<li>{}</li>", bdi(note.get<std::string>()));
  return html.empty()
             ? ""
             : "<aside class=\"notes\" aria-label=\"Notes\"><h2>Before reading on</h2><ul>" + html +
                   "</ul></aside>";
}

std::string render_failures(const RunFiles& run) {
  std::string rows;
  int64_t count = 0;
  run.for_each_failure([&](const Json& failure) {
    if (++count > kMostFailures) return;
    const std::string id = failure.at("id").get<std::string>();
    rows += fmt::format(
        "<tr id=\"{}\"><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td><td><span "
        "class=\"label quiet\">{}</span></td><td>{}</td></tr>",
        escape_html("item-" + id), item_href(id), bdi(id),
        bdi(failure.at("path").get<std::string>()),
        escape_html(failure.at("kind").get<std::string>()),
        bdi(failure.at("message").get<std::string>()));
  });
  if (count == 0) return "<p>Every video was measured.</p>";
  std::string html = fmt::format(
      "<p>{} {} not measured and {} in no score.</p><div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" "
      "aria-label=\"Failures\"><table class=\"failures\"><thead><tr><th "
      "scope=\"col\">Video</th><th "
      "scope=\"col\">path</th><th scope=\"col\">kind</th><th scope=\"col\">what "
      "happened</th></tr></thead><tbody>{}"
      "</tbody></table></div>",
      format_count(count), count == 1 ? "video was" : "videos were", count == 1 ? "is" : "are",
      rows);
  if (count > kMostFailures) {
    html += fmt::format(
        "<p class=\"note\">{} further failures are left out here; all of them stand in "
        "failures.jsonl.</p>",
        format_count(count - kMostFailures));
  }
  return html;
}

std::string render_provenance(const RunFiles& run) {
  const Json& results = run.results();
  const Json& provenance = results.at("provenance");
  const Json& dataset = results.at("dataset");
  std::string html = "<dl class=\"provenance\">";
  html += definition("Written by", bdi(provenance.at("producer").get<std::string>()));
  html += definition("Suite digest", code(provenance.at("suite_digest")));
  html += definition(
      "Data set", bdi(dataset.value("layout", std::string())) + " " + code(dataset.at("digest")));
  std::string labels;
  const Json label_counts = dataset.value("labels", Json::object());
  for (const auto& [label, count] : label_counts.items()) {
    labels += fmt::format("{}{} {}", labels.empty() ? "" : " · ", bdi(label),
                          format_count(count.get<int64_t>()));
  }
  if (!labels.empty()) html += definition("Labels", labels);
  std::string protocols;
  for (const Json& protocol : provenance.at("protocols"))
    protocols += (protocols.empty() ? "" : " ") + code(protocol);
  html += definition("Protocols", protocols);
  html += definition("Seed", code(provenance.at("seed")));
  html += "</dl>";
  for (const Json& encoder : results.at("encoders")) {
    html += fmt::format("<h3>{}</h3><p>{}</p><dl class=\"provenance\">",
                        bdi(encoder.at("id").get<std::string>()),
                        bdi(encoder.value("description", std::string())));
    html += definition("Family", bdi(encoder.at("family").get<std::string>()) +
                                     (encoder.value("is_verified", false)
                                          ? ", checked against the original's numbers"
                                          : ", not checked against the original's numbers"));
    html += definition("Weights", code(encoder.at("weights_digest")));
    html += definition("Preprocessing", code(encoder.at("preprocess")));
    std::string taps;
    for (const Json& tap : encoder.at("taps")) {
      taps += fmt::format("<li><b>{}</b> {} numbers a frame. {}</li>",
                          bdi(tap.at("name").get<std::string>()),
                          format_count(tap.at("width").get<int64_t>()),
                          bdi(tap.value("description", std::string())));
    }
    html += definition("Layers read", "<ol class=\"layers\">" + taps + "</ol>");
    html += definition("Cases retrieved by", bdi(encoder.at("retrieval_tap").get<std::string>())) +
            "</dl>";
  }
  html += "<details class=\"data\"><summary>The whole suite, defaults filled in</summary><pre>" +
          escape_html(provenance.value("suite", Json::object()).dump(2)) + "</pre></details>";
  return html +
         "<p class=\"note\">Times, host and command line stand in run.json, so that equal input "
         "gives an equal page.</p>";
}

}  // namespace physprobe

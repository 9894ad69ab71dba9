#include "physprobe/report/sections.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"
#include "physprobe/report/summary_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;

/// More failures than these are counted; failures.jsonl lists them all.
constexpr int64_t kMostFailures = 200;

std::string definition(const std::string& term, const std::string& text) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, text);
}

std::string code(const Json& value) {
  return "<code>" + escape_html(value.is_string() ? value.get<std::string>() : dump_json(value)) +
         "</code>";
}

}  // namespace

std::string render_nulls(const RunFiles& run) {
  struct Held {
    std::string name, text;
    bool applies;
    std::vector<std::string> encoders;
  };
  const Json& results = run.results();
  std::vector<Held> rows;
  // Encoders of which the same is said share a line.
  for (const Json& null : results.at("nulls")) {
    Held held{
        null.at("name").get<std::string>(), null_text(null), null.at("applies").get<bool>(), {}};
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const Held& row) {
      return row.name == held.name && row.text == held.text && row.applies == held.applies;
    });
    if (same == rows.end()) {
      held.encoders.push_back(null.at("encoder").get<std::string>());
      rows.push_back(std::move(held));
    } else {
      same->encoders.push_back(null.at("encoder").get<std::string>());
    }
  }
  const Json& scores = results.at("scores");
  if (std::any_of(scores.begin(), scores.end(),
                  [](const Json& score) { return score.at("condition") == "fade"; })) {
    rows.push_back({"fade",
                    "the matched control: the video's own end frames, cross-faded in float "
                    "over as many frames; straight in pixels by construction",
                    true,
                    {}});
  }
  std::string html;
  for (const Held& row : rows) {
    std::string encoders;
    if (!row.encoders.empty() && row.encoders.size() < results.at("encoders").size()) {
      for (const std::string& encoder : row.encoders)
        encoders += (encoders.empty() ? "" : ", ") + bdi(encoder);
      encoders = " <small>" + encoders + "</small>";
    }
    html += fmt::format("<div><dt>{}{}</dt><dd>{}{}</dd></div>", bdi(row.name), encoders,
                        row.applies ? "" : "not applicable: ", bdi(row.text));
  }
  return html.empty()
             ? ""
             : "<h3>What the numbers are held against</h3><dl class=\"nulls\">" + html + "</dl>";
}

std::string render_retrieval(const RunFiles& run) {
  std::string rows;
  for (const Json& score : run.results().at("scores")) {
    if (score.at("name") != "nearest_case_label_agreement") continue;
    const std::string label = score.at("label").get<std::string>();
    rows += fmt::format(
        "<tr><th scope=\"row\">{} <small>{}{}</small></th>{}{}{}</tr>",
        bdi(score.at("encoder").get<std::string>()), bdi(score.at("tap").get<std::string>()),
        label.empty() ? "" : " · " + bdi(label),
        number_cell(score.at("value"), 2, &score.at("interval")),
        number_cell(score.value("chance", Json()), 2), number_cell(score.at("n"), 0));
  }
  if (rows.empty()) return "";
  return "<h3>Does the nearest case bear the same label?</h3><div class=\"scroll\" tabindex=\"0\" "
         "role=\"region\" aria-label=\"Nearest cases\"><table class=\"agreement\"><thead><tr><th "
         "scope=\"col\">Encoder and layer</th><th scope=\"col\" class=\"num\">share</th><th "
         "scope=\"col\" class=\"num\">by chance</th><th scope=\"col\" "
         "class=\"num\">n</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
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
    const std::string path = failure.at("path").get<std::string>();
    std::string message = failure.at("message").get<std::string>();
    // The path stands in a column of its own.
    if (message.rfind(path + ": ", 0) == 0) message.erase(0, path.size() + 2);
    rows += fmt::format(
        "<tr id=\"{}\"><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td><td><span "
        "class=\"label quiet\">{}</span></td><td>{}</td></tr>",
        escape_html("item-" + id), item_href(id), bdi(id), bdi(path),
        escape_html(failure.at("kind").get<std::string>()), bdi(message));
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

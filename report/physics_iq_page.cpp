#include "physprobe/report/physics_iq_page.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/assets.h"
#include "physprobe/report/html.h"
#include "physprobe/report/page.h"
#include "physprobe/report/physics_iq_cards.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;

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
            (run.at("fps").is_null() ? "<td class=\"num\">mixed</td>" : cell(run.at("fps"), 2)) +
            "</tr>";
  }
  const Json& aggregate = results.at("aggregate");
  const bool is_one_model = aggregate.value("models", Json::array()).size() == 1;
  if (results.at("runs").size() > 1 && is_one_model) {
    html += "<tr class=\"group\"><th>mean ± deviation over all runs</th>";
    for (const char* type : {"verified", "original"}) {
      const Json& first = aggregate.at(type).at(0);
      html += fmt::format("<td class=\"num\">{} ± {}</td>", format_number(first.at("mean"), 2),
                          format_number(first.at("std"), 2));
    }
    html += "<td colspan=\"6\"></td></tr>";
  }
  Json baselines = Json::object();
  for (const Json& run : results.at("runs"))  // a run whose views failed has none
    if (baselines.empty()) baselines = run.value("baselines", Json::object());
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
  std::string html = "<div class=\"scroll\"><table><thead><tr><th>cause</th>";
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
  return html + "</tbody></table></div>";
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
  return "<h3>By category</h3><div "
         "class=\"scroll\"><table><thead><tr><th>category</th><th>run</th><th "
         "class=\"num\">scenes</th><th class=\"num\">Verified</th><th "
         "class=\"num\">original</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

/// A table of a JSON list of flat objects.
std::string flat_table(const Json& list, const std::vector<std::string>& columns) {
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (const std::string& column : columns) {
    const bool is_text = !list.empty() && list.at(0).value(column, Json()).is_string();
    std::string words = column;
    std::replace(words.begin(), words.end(), '_', ' ');
    html += (is_text ? "<th>" : "<th class=\"num\">") + escape_html(words) + "</th>";
  }
  html += "</tr></thead><tbody>";
  for (const Json& row : list) {
    html += "<tr>";
    for (const std::string& column : columns) {
      const Json value = row.value(column, Json());
      const Json interval = row.value("interval", Json());
      if (value.is_string()) {
        const std::string text = value.get<std::string>();
        html += "<td>" + (text.empty() ? std::string("all") : bdi(text)) + "</td>";
      } else if (value.is_number_integer()) {
        html += "<td class=\"num\">" + format_count(value.get<int64_t>()) + "</td>";
      } else {
        const bool is_estimate = column == "spearman" || column == "difference";
        html += number_cell(value, 2, is_estimate && !interval.is_null() ? &interval : nullptr);
      }
    }
    html += "</tr>";
  }
  return html + "</tbody></table></div>";
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
    const Json bridge = read_json(directory + "/bridge.json");
    for (const Json& probe : bridge.at("probes")) {
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

/// 0 to 100 with the interval and the score on it.
std::string score_bar(const Json& value, const Json& interval) {
  const auto share = [](const Json& number, double otherwise) {
    return number.is_number() ? std::clamp(number.get<double>(), 0.0, 100.0) : otherwise;
  };
  const double at = share(value, 0.0);
  return fmt::format(
      "<div class=\"range\" aria-hidden=\"true\"><i class=\"zero\" style=\"left:0%\"></i><i "
      "class=\"span\" style=\"left:{:.2f}%;right:{:.2f}%\"></i><i class=\"dot\" "
      "style=\"left:{:.2f}%\"></i></div>",
      share(interval.value("low", Json()), at), 100.0 - share(interval.value("high", Json()), at),
      at);
}

/// What the evaluation found, before any table.
std::string headline(const Json& results) {
  const bool is_own = results.at("name") == "own set";
  const bool is_original = results.at("settings").at("ground_truth") == "original" && !is_own;
  // Of each ground truth the score that its leaderboard lists.
  const char* const name = is_original ? "physics_iq_original" : "physics_iq_verified";
  const Json* best = nullptr;
  for (const Json& score : results.at("scores"))
    if (score.at("name") == name && score.at("label") == "" && score.at("value").is_number() &&
        (best == nullptr || score.at("value").get<double>() > best->at("value").get<double>()))
      best = &score;
  std::string html = fmt::format(
      "<p class=\"kicker\"><b>Physics-IQ</b> · {} · motion masks: {}</p>",
      is_own ? std::string("a set of your own")
             : escape_html(results.at("settings").at("ground_truth").get<std::string>()) +
                   " ground truth",
      escape_html(results.at("settings").at("masks").get<std::string>()));
  if (best == nullptr)
    return html + "<h1 class=\"finding\">No score: see the samples and notes below</h1>";
  html += fmt::format(
      "<h1 class=\"finding\">{} reaches <em>{} of 100</em> on {}</h1><h2 class=\"over\">{} score "
      "of "
      "each run, 95 % interval over scenes; 100 is as close to the first real take as the second "
      "is</h2><dl class=\"keys\">",
      bdi(best->at("run").get<std::string>()), format_number(best->at("value"), 1),
      is_own        ? "a set of your own"
      : is_original ? "Physics-IQ"
                    : "Physics-IQ Verified",
      is_original ? "Original" : "Verified");
  for (const Json& score : results.at("scores")) {
    if (score.at("name") != name || score.at("label") != "") continue;
    const Json& interval = score.at("interval");
    html += fmt::format(
        "<div class=\"key\"><dt>{}</dt><dd><b>{}</b> <span class=\"ci\">{}</span>{}<small>{} "
        "scenes</small></dd></div>",
        bdi(score.at("run").get<std::string>()), format_number(score.at("value"), 1),
        format_interval(interval, 1), score_bar(score.at("value"), interval),
        format_count(score.at("n").get<int64_t>()));
  }
  html += "</dl><p class=\"counts\">";
  const auto failed = results.at("counts").at("failed").get<int64_t>();
  html += fmt::format("<span><b>{}</b> samples</span><span{}><b>{}</b> failed</span>",
                      format_count(results.at("counts").at("ok").get<int64_t>()),
                      failed > 0 ? " class=\"bad\"" : "", format_count(failed));
  for (const Json& place : results.at("places"))
    html += fmt::format("<span>{}: place <b>{}</b> of {} on the {} leaderboard, {}</span>",
                        bdi(place.at("model").get<std::string>()), place.at("place").get<int64_t>(),
                        place.at("of").get<int64_t>(),
                        escape_html(place.at("leaderboard").get<std::string>()),
                        escape_html(place.at("input").get<std::string>()));
  return html + "</p>";
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
  if (!notes.empty()) notes = "<aside class=\"notes\"><h2>Notes</h2><ul>" + notes + "</ul></aside>";
  const std::string head = fmt::format(
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" "
      "content=\"light dark\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; script-src {}; style-src 'unsafe-inline'; img-src data: 'self' file:; media-src "
      "data: 'self' "
      "file:\"><title>Physics-IQ · physprobe report</title><link rel=\"icon\" "
      "href=\"data:,\"><style>{}{}</style></head><body><a class=\"skip\" href=\"#samples\">Skip to "
      "the samples</a><nav class=\"bar\" aria-label=\"Sections\"><a class=\"mark\" "
      "href=\"#top\">physprobe</a><ul><li><a href=\"#scores\">Scores</a></li><li><a "
      "href=\"#why\">Why</a></li><li><a href=\"#samples\">Samples</a></li><li><a "
      "href=\"#provenance\">Provenance</a></li></ul></nav><main id=\"top\"><header "
      "class=\"hero\">{}</header>{}",
      csp_hash(physics_iq_script()), asset_css(), physics_iq_style(), headline(results), notes);
  std::string body =
      "<section id=\"scores\" class=\"part full\"><h2>Scores</h2><div class=\"body\">" +
      (results.at("runs").empty() ? "" : runs_table(results)) +
      "</div></section><section id=\"why\" class=\"part\"><h2>Why</h2><div "
      "class=\"body\"><h3>Stated "
      "causes</h3>" +
      causes_table(results) + categories_table(results) + optional_sections(directory, results) +
      "</div></section><section id=\"samples\" class=\"part full\"><h2>Samples, worst "
      "first</h2><div class=\"body\"><p class=\"legend\"><span><i "
      "style=\"background:#4682ff\"></i>only reality moves</span><span><i "
      "style=\"background:#ff8c1e\"></i>only the generated video moves</span><span><i "
      "style=\"background:#fff;outline:1px solid #999\"></i>both move</span></p>";
  MediaRoom room(directory, max_bytes - static_cast<int64_t>(head.size() + body.size()) -
                                kPhysicsIqCardBytes * static_cast<int64_t>(lines.size()));
  const std::string cards = physics_iq_cards(lines, room);
  if (room.left_out() > 0)
    body += fmt::format(
        "<p class=\"note\">{} clips and strips are read from the media folder "
        "beside this page; keep it there.</p>",
        format_count(room.left_out()));
  return head + body + cards +
         "</div></section><section id=\"provenance\" class=\"part\"><h2>Provenance</h2><div "
         "class=\"body\">" +
         provenance(results) + "</div></section></main><script>" +
         std::string(physics_iq_script()) + "</script></body></html>\n";
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
  std::string path = directory + "/report.html";
  try {
    write_file_atomic(path, render(directory, read_json(directory + "/results.json"), max_bytes));
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kInput, directory + "/results.json",
                fmt::format("is not as docs/physics_iq.md says: {}", error.what()));
  }
  extend_digest_list(directory, "COMPLETE", {"report.html"}, {"report.html"});
  return path;
}

}  // namespace physprobe

#include "physprobe/report/grouped_sections.h"

#include "physprobe/report/assets.h"
#include "physprobe/report/chart_figure.h"
#include "physprobe/report/html.h"
#include "physprobe/report/pair_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostChartLines = 80;

std::string score_cell(const Json& score) {
  return number_cell(score.at("value"), 1, &score.at("interval"));
}

/// "text (of the task)" of a flat score.
std::string name_of(const Json& score) {
  const auto task = score.at("task").get<std::string>();
  const auto name = score.at("name").get<std::string>();
  return task.empty() ? name : task + ", " + name;
}

}  // namespace

std::string render_grouped_headline(const nlohmann::json& results) {
  std::string html = fmt::format("<p class=\"kicker\">{} · {}</p>",
                                 pair_text(results.at("protocol")), pair_text(results.at("name")));
  const Json& main = results.at("kinds").back().at("name");
  const Json* best = nullptr;
  for (const Json& score : results.at("scores")) {
    if (score.at("name") == main &&
        (best == nullptr || score.at("value").get<double>() > best->at("value").get<double>()))
      best = &score;
  }
  if (best != nullptr) {
    const Json& interval = best->at("interval");
    const double chance = best->at("chance").get<double>();
    const bool is_known = interval.at("low").is_number();
    const char* verdict = !is_known                                    ? "cannot be judged"
                          : interval.at("low").get<double>() > chance  ? "lies above chance"
                          : interval.at("high").get<double>() < chance ? "lies below chance"
                                                                       : "cannot be told from "
                                                                         "chance";
    const std::string of_which =
        results.at("models").size() > 1
            ? fmt::format("Of {} models <em>{}</em> has the highest score: {}",
                          results.at("models").size(), pair_text(best->at("model")),
                          bdi(name_of(*best)))
            : "The score " + bdi(name_of(*best));
    html += fmt::format("<h1 class=\"finding\">{} {}: <em>{} %</em>.</h1>", of_which, verdict,
                        format_number(best->at("value"), 1));
    html += "<dl class=\"keys\">";
    for (const Json& score : results.at("scores")) {
      if (score.at("model") != best->at("model") || score.at("task") != best->at("task")) continue;
      html += fmt::format(
          "<div class=\"key\"><dt>{}</dt><dd><b>{} %</b> <span class=\"ci\">{}</span><small>chance "
          "{} %, n = {}</small></dd></div>",
          bdi(name_of(score)), format_number(score.at("value"), 1),
          format_interval(score.at("interval"), 1), format_number(score.at("chance"), 1),
          format_count(score.at("n").get<int64_t>()));
    }
    html += "</dl>";
  }
  const Json& counts = results.at("counts");
  const auto models = counts.at("models").get<int64_t>();
  const auto problems = counts.at("problems").get<int64_t>();
  return html + fmt::format(
                    "<p class=\"counts\"><span><b>{}</b> model{}</span> <span><b>{}</b> "
                    "examples</span> <span{}><b>{}</b> problems in the files</span></p>",
                    models, models == 1 ? "" : "s", format_count(counts.at("items").get<int64_t>()),
                    problems > 0 ? " class=\"bad\"" : "", format_count(problems));
}

std::string describe_grouped_protocol(const nlohmann::json& results) {
  const Json& protocol = results.at("protocol");
  if (protocol == "pairs/winoground-1")
    return "An example is two captions and two visuals. Text: each visual scores its own caption "
           "higher; image: each caption its own visual; group: both. Ties are wrong. Brackets hold "
           "Wilson intervals over examples; the ticks are what exchangeable scores reach.";
  if (protocol == "pairs/vinoground-1")
    return "An example is two captions and two videos that differ in the order of events, and four "
           "questions. Text: the right caption for both videos; video: the right video for both "
           "captions; group: all four. Examples without answers count as wrong. Brackets hold "
           "Wilson intervals over the 500 examples; the ticks are what guesses reach.";
  if (protocol == "pairs/naturalbench-1")
    return "An example is two images and two questions with opposite answers. Acc counts answers, "
           "Q_Acc questions that are right for both images, I_Acc images with both questions "
           "right, "
           "G_Acc examples with all four. Brackets hold intervals over examples (the answers to "
           "one "
           "example are not independent); the ticks are what guesses reach.";
  if (protocol.get<std::string>().rfind("voe/", 0) == 0)
    return "A pair is a possible and an impossible video that differ minimally. It counts when the "
           "possible one has the smaller mean surprise; ties are wrong. Scores stand for every "
           "context length and for Filtered (the smallest surprise over contexts per window). The "
           "last one, at a context fixed beforehand, is the headline; the best of several is "
           "optimistic, and its null stands under Diagnostics. Brackets hold Wilson intervals over "
           "pairs; the ticks are what guesses reach.";
  return "A pair is a possible and an impossible clip that differ minimally. It counts when the "
         "possible one surprises less; ties are wrong, and stand beside the score with half "
         "credit. "
         "Brackets hold Wilson intervals over pairs; the tick is what guesses reach.";
}

std::string render_grouped_chart(const nlohmann::json& results) {
  Json rows = Json::array();
  std::string body;
  std::size_t line = 0;
  std::size_t left_out = 0;
  Json model;
  for (const Json& score : results.at("scores")) {
    const Json& interval = score.at("interval");
    body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>{}{}</tr>",
                        pair_text(score.at("model")), bdi(name_of(score)), score_cell(score),
                        number_cell(score.at("chance"), 2));
    if (line + 2 > kMostChartLines) {
      ++left_out;
      continue;
    }
    if (score.at("model") != model) {
      model = score.at("model");
      rows.push_back({{"line", line++}, {"header", model}});
    }
    rows.push_back({{"line", line++},
                    {"name", name_of(score)},
                    {"condition", "pair accuracy"},
                    {"value", score.at("value")},
                    {"low", interval.at("low")},
                    {"high", interval.at("high")},
                    {"chance", score.at("chance")},
                    {"n", score.at("n")}});
  }
  std::string caption =
      "Every score with its interval. The tick in a row is what that score reaches by chance.";
  if (left_out > 0) caption += fmt::format(" {} further values are in the table only.", left_out);
  return chart_figure(
      "chart-accuracy", caption, "Scores per model against chance",
      chart_spec(asset_accuracy_chart(), {{"rows", rows}},
                 {{"lines", line}, {"chance", nullptr}, {"legend", {"● score", "| chance"}}}),
      "<table><thead><tr><th scope=\"col\">model</th><th scope=\"col\">score</th><th scope=\"col\" "
      "class=\"num\">value, %</th><th scope=\"col\" class=\"num\">chance, "
      "%</th></tr></thead><tbody>" +
          body + "</tbody></table>");
}

std::string render_grouped_scores(const nlohmann::json& results) {
  std::string html;
  for (const Json& model : results.at("models")) {
    std::string rows;
    for (const Json& score : results.at("scores")) {
      if (score.at("model") != model.at("name")) continue;
      rows += fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}</tr>", bdi(name_of(score)),
                          number_cell(score.at("n"), 0), score_cell(score),
                          number_cell(score.at("chance"), 2), p_cell(score.at("above_chance_p")));
    }
    html += fmt::format("<h3>{}</h3>", pair_text(model.at("name"))) +
            pair_table("summary",
                       {{"score", false},
                        {"n", true},
                        {"value, %", true},
                        {"chance, %", true},
                        {"p above chance", true}},
                       rows, "Scores");
    if (!model.contains("tasks")) continue;
    std::string ties;
    for (const auto& [task, scores] : model.at("tasks").items())
      ties +=
          fmt::format("<tr><th scope=\"row\">{}</th>{}{}</tr>", bdi(task),
                      number_cell(scores.at("ties"), 0), number_cell(scores.at("half_credit"), 1));
    html += pair_table("summary", {{"task", false}, {"ties", true}, {"with half credit, %", true}},
                       ties, "Ties");
  }
  return html;
}

std::string render_published_groups(const nlohmann::json& results) {
  if (results.at("published").empty()) return "";
  std::string rows;
  std::vector<std::pair<std::string, bool>> heads = {{"model", false}};
  for (const Json& kind : results.at("kinds"))
    heads.emplace_back(kind.at("name").get<std::string>() + ", %", true);
  heads.emplace_back("source", false);
  for (const Json& model : results.at("models")) {
    rows +=
        fmt::format("<tr class=\"main\"><th scope=\"row\">{}</th>", pair_text(model.at("name")));
    for (const Json& score : results.at("scores")) {
      if (score.at("model") == model.at("name")) rows += score_cell(score);
    }
    rows += "<td>this run</td></tr>";
  }
  for (const Json& published : results.at("published")) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", pair_text(published.at("model")));
    for (const Json& kind : results.at("kinds"))
      rows += number_cell(published.at("scores").at(kind.at("name").get<std::string>()), 0);
    rows += fmt::format("<td>{}</td></tr>", pair_text(published.at("source")));
  }
  return "<h3>Among published results</h3>" +
         pair_table("summary", heads, rows, "Published results");
}

std::string render_grouped_findings(const nlohmann::json& results) {
  std::string html = "<dl class=\"nulls\">";
  for (const Json& model : results.at("models"))
    html += definition_row(pair_text(model.at("name")), pair_text(model.at("finding")));
  return html + "</dl>";
}

}  // namespace physprobe

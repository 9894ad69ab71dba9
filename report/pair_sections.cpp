#include "physprobe/report/pair_sections.h"

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

constexpr std::size_t kMostChartRows = 80;

std::string key(const std::string& name, const Json& accuracy) {
  return fmt::format(
      "<div class=\"key\"><dt>{}</dt><dd><b>{} %</b> <span class=\"ci\">{}</span><small>guesses "
      "reach {} %, n = {}</small></dd></div>",
      name, format_number(accuracy.at("value"), 1), format_interval(accuracy.at("interval"), 1),
      format_number(accuracy.at("chance"), 0), format_count(accuracy.at("n").get<int64_t>()));
}

/// What the interval of a group's pair accuracy lets one say.
const char* verdict(const Json& accuracy) {
  const Json& interval = accuracy.at("interval");
  const double chance = accuracy.at("chance").get<double>();
  if (!interval.at("low").is_number()) return "cannot be judged";
  if (interval.at("high").get<double>() < chance) return "lies below that of independent guesses";
  if (interval.at("low").get<double>() > chance) return "lies above that of independent guesses";
  return "cannot be told from that of independent guesses";
}

}  // namespace

std::string render_pair_headline(const nlohmann::json& results) {
  const Json& models = results.at("models");
  std::string html =
      fmt::format("<p class=\"kicker\">Minimal pairs · {}</p>", pair_text(results.at("name")));
  if (models.size() == 1) {
    for (const Json& group : groups_of(models[0])) {
      const Json& pair = group.at("pair_accuracy");
      html += fmt::format("<h1 class=\"finding\">Pair accuracy on {} {}: <em>{} %</em>.</h1>",
                          pair_text(group.at("subset")), verdict(pair),
                          format_number(pair.at("value"), 1));
      html += "<dl class=\"keys\">" + key("pair accuracy", pair) +
              key("single accuracy", group.at("single_accuracy")) +
              key("pair accuracy, weighted by size", group.at("weighted_pair_accuracy")) + "</dl>";
    }
  } else {
    const Json* best = nullptr;
    const Json* best_model = nullptr;
    Json kept = Json::array();
    for (const Json& model : models) {
      for (const Json& group : groups_of(model))
        kept.push_back({{"model", model.at("name")}, {"group", group}});
    }
    for (const Json& entry : kept) {
      const Json& pair = entry.at("group").at("pair_accuracy").at("value");
      if (best == nullptr || pair.get<double>() > best->get<double>()) {
        best = &pair;
        best_model = &entry.at("model");
      }
    }
    if (best != nullptr) {
      html += fmt::format(
          "<h1 class=\"finding\">Of {} models <em>{}</em> has the highest pair "
          "accuracy: {} %.</h1><p class=\"lede\">Whether it differs from the others "
          "stands under “Among models”.</p>",
          models.size(), pair_text(*best_model), format_number(*best, 1));
    }
  }
  const Json& counts = results.at("counts");
  const int64_t problems = counts.at("problems").get<int64_t>();
  return html + fmt::format(
                    "<p class=\"counts\"><span><b>{}</b> model{}</span> <span><b>{}</b> "
                    "items</span> <span{}><b>{}</b> problems in the logs</span></p>",
                    counts.at("models").get<int64_t>(),
                    counts.at("models").get<int64_t>() == 1 ? "" : "s",
                    format_count(counts.at("items").get<int64_t>()),
                    problems > 0 ? " class=\"bad\"" : "", format_count(problems));
}

std::string render_pair_notes(const nlohmann::json& results) {
  std::string html;
  for (const Json& note : results.at("notes")) html += "<li>" + pair_text(note) + "</li>";
  return html.empty() ? ""
                      : "<aside class=\"notes\" aria-label=\"Notes\"><h2>Before reading "
                        "on</h2><ul>" +
                            html + "</ul></aside>";
}

std::string render_pair_chart(const nlohmann::json& results) {
  Json rows = Json::array();
  std::string body;
  std::size_t line = 0;
  std::size_t left_out = 0;
  double chance = 25.0;
  const auto add = [&](const std::string& name, const char* score, const Json& accuracy) {
    if (rows.size() >= kMostChartRows) {
      ++left_out;
      return;
    }
    const Json& interval = accuracy.at("interval");
    rows.push_back({{"line", line},
                    {"name", std::string(score) == "pair accuracy" ? name : ""},
                    {"condition", score},
                    {"value", accuracy.at("value")},
                    {"low", interval.at("low")},
                    {"high", interval.at("high")},
                    {"n", accuracy.at("n")}});
  };
  for (const Json& model : results.at("models")) {
    rows.push_back({{"line", line++}, {"header", model.at("name")}});
    const auto add_scores = [&](const std::string& name, const Json& scores) {
      add(name, "pair accuracy", scores.at("pair_accuracy"));
      add(name, "single accuracy", scores.at("single_accuracy"));
      body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>{}</tr>",
                          pair_text(model.at("name")), bdi(name), scores_cells(scores));
      chance = scores.at("pair_accuracy").at("chance").get<double>();
      if (rows.size() < kMostChartRows) ++line;
    };
    for (const Json& group : groups_of(model))
      add_scores(group.at("subset").get<std::string>() + ", mean of tasks", group);
    for (const auto& [name, task] : model.at("tasks").items()) add_scores(name, task);
  }
  std::string caption =
      "Pair and single accuracy with their intervals. The line is what independent guesses reach "
      "in "
      "pairs; single accuracy must be held against 50 %.";
  if (left_out > 0) caption += fmt::format(" {} further values are in the table only.", left_out);
  return chart_figure(
      "chart-accuracy", caption, "Pair and single accuracy per task",
      chart_spec(asset_accuracy_chart(), {{"rows", rows}},
                 {{"lines", line + 1}, {"chance", chance}}),
      "<table><thead><tr><th scope=\"col\">model</th><th scope=\"col\">task</th><th scope=\"col\" "
      "class=\"num\">pair accuracy, %</th><th scope=\"col\" class=\"num\">single accuracy, "
      "%</th></tr></thead><tbody>" +
          body + "</tbody></table>");
}

std::string render_pair_scores(const nlohmann::json& results) {
  std::string html;
  for (const Json& model : results.at("models")) {
    std::string rows;
    const auto row = [&](const std::string& css, const std::string& name, const Json& scores,
                         const Json& pairs, const std::string& outcomes) {
      rows += fmt::format("<tr{}><th scope=\"row\">{}</th>{}{}{}</tr>", css, name,
                          number_cell(pairs, 0), scores_cells(scores), outcomes);
    };
    const std::string none = "<td class=\"num none\">–</td>";
    for (const Json& group : groups_of(model)) {
      const Json& n = group.at("pair_accuracy").at("n");
      row(" class=\"main\"", pair_text(group.at("subset")) + " (mean of tasks)", group, n,
          none + none + none);
      row("", pair_text(group.at("subset")) + " (weighted by size)",
          {{"pair_accuracy", group.at("weighted_pair_accuracy")},
           {"single_accuracy", group.at("weighted_single_accuracy")}},
          n, none + none + none);
    }
    for (const auto& [name, task] : model.at("tasks").items()) {
      const auto outcomes = [](const Json& scores) {
        const Json& o = scores.at("outcomes");
        return number_cell(o.at("both"), 0) + number_cell(o.at("one"), 0) +
               number_cell(o.at("none"), 0);
      };
      row(" class=\"group\"", bdi(name), task, task.at("n_pairs"), outcomes(task));
      for (const auto& [source, scores] : task.at("sources").items())
        row("", bdi(source), scores, scores.at("n_pairs"), outcomes(scores));
    }
    html += fmt::format("<h3>{}</h3>", pair_text(model.at("name")));
    html += pair_table("summary",
                       {{"task, source", false},
                        {"pairs", true},
                        {"pair accuracy, %", true},
                        {"single accuracy, %", true},
                        {"both right", true},
                        {"one", true},
                        {"none", true}},
                       rows, "Scores");
  }
  return html;
}

std::string render_published_pairs(const nlohmann::json& results) {
  std::string html;
  std::map<std::string, std::string> rows;  // by subset
  for (const Json& model : results.at("models")) {
    for (const Json& group : groups_of(model)) {
      rows[group.at("subset").get<std::string>()] +=
          fmt::format("<tr class=\"main\"><th scope=\"row\">{}</th>{}<td>this run</td></tr>",
                      pair_text(model.at("name")), scores_cells(group));
    }
  }
  for (auto& [subset, body] : rows) {
    bool any = false;
    for (const Json& published : results.at("published")) {
      if (published.at("subset") != subset) continue;
      any = true;
      body += fmt::format(
          "<tr><th scope=\"row\">{}</th>{}{}<td>{}</td></tr>", pair_text(published.at("model")),
          number_cell(published.at("pair_accuracy"), 2),
          number_cell(published.at("single_accuracy"), 2), pair_text(published.at("source")));
    }
    if (!any) continue;
    html += fmt::format("<h3>Among published results on {}</h3>", bdi(subset)) +
            pair_table("summary",
                       {{"model", false},
                        {"pair accuracy, %", true},
                        {"single accuracy, %", true},
                        {"source", false}},
                       body, "Published results");
  }
  return html;
}

}  // namespace physprobe

#include "physprobe/report/pair_sections.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/report/assets.h"
#include "physprobe/report/chart_figure.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostChartRows = 80;
constexpr std::size_t kMostRows = 500;

std::string text_of(const Json& value) {
  return bdi(value.get<std::string>());
}

std::string scores_cells(const Json& scores) {
  const Json& pair = scores.at("pair_accuracy");
  const Json& single = scores.at("single_accuracy");
  return number_cell(pair.at("value"), 2, &pair.at("interval")) +
         number_cell(single.at("value"), 2, &single.at("interval"));
}

std::string table(const std::string& css,
                  const std::vector<std::pair<std::string, bool>>& heads,
                  const std::string& rows,
                  const std::string& label) {
  std::string head;
  for (const auto& [text, is_number] : heads)
    head += fmt::format("<th scope=\"col\"{}>{}</th>", is_number ? " class=\"num\"" : "", text);
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table "
      "class=\"{}\"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
      escape_html(label), css, head, rows);
}

std::string left_out_note(std::size_t count, std::size_t most, const char* where) {
  if (count <= most) return "";
  return fmt::format("<p class=\"note\">{} further rows are left out here; all stand in {}.</p>",
                     format_count(static_cast<int64_t>(count - most)), where);
}

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

std::string p_text(const Json& p) {
  if (!p.is_number()) return "–";
  const double value = p.get<double>();
  return value < 1e-4 ? fmt::format("{:.1e}", value) : fmt::format("{:.4f}", value);
}
std::string p_cell(const Json& p) {
  return fmt::format("<td class=\"num\" data-v=\"{}\">{}</td>",
                     p.is_number() ? dump_json(p) : std::string(), p_text(p));
}

std::string definition(const std::string& term, const std::string& text) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, text);
}

}  // namespace

nlohmann::json groups_of(const nlohmann::json& model) {
  Json list = Json::array();
  if (model.contains("group")) list.push_back(model.at("group"));
  if (model.contains("groups")) {
    for (const Json& group : model.at("groups")) list.push_back(group);
  }
  return list;
}

std::string render_pair_headline(const nlohmann::json& results) {
  const Json& models = results.at("models");
  std::string html =
      fmt::format("<p class=\"kicker\">Minimal pairs · {}</p>", text_of(results.at("name")));
  if (models.size() == 1) {
    for (const Json& group : groups_of(models[0])) {
      const Json& pair = group.at("pair_accuracy");
      html += fmt::format("<h1 class=\"finding\">Pair accuracy on {} {}: <em>{} %</em>.</h1>",
                          text_of(group.at("subset")), verdict(pair),
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
          models.size(), text_of(*best_model), format_number(*best, 1));
    }
  }
  const Json& counts = results.at("counts");
  const int64_t problems = counts.at("problems").get<int64_t>();
  return html + fmt::format(
                    "<p class=\"counts\"><span><b>{}</b> models</span> <span><b>{}</b> "
                    "items</span> <span{}><b>{}</b> problems in the logs</span></p>",
                    counts.at("models").get<int64_t>(),
                    format_count(counts.at("items").get<int64_t>()),
                    problems > 0 ? " class=\"bad\"" : "", format_count(problems));
}

std::string render_pair_notes(const nlohmann::json& results) {
  std::string html;
  for (const Json& note : results.at("notes")) html += "<li>" + text_of(note) + "</li>";
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
                          text_of(model.at("name")), bdi(name), scores_cells(scores));
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
      row(" class=\"main\"", text_of(group.at("subset")) + " (mean of tasks)", group, n,
          none + none + none);
      row("", text_of(group.at("subset")) + " (weighted by size)",
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
    html += fmt::format("<h3>{}</h3>", text_of(model.at("name")));
    html += table("summary",
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

std::string render_pair_comparisons(const nlohmann::json& results) {
  const Json& comparisons = results.at("comparisons");
  if (comparisons.empty())
    return "<p>One model was scored: there is nothing to compare it with here.</p>";
  std::string rows;
  std::size_t shown = 0;
  for (const Json& comparison : comparisons) {
    if (++shown > kMostRows) break;
    const Json& all = comparison.at("differences").at(0);
    const Json& kappa = comparison.at("error_consistency").at("items");
    rows += fmt::format(
        "<tr><th scope=\"row\">{} − {}</th>{}{}<td class=\"num\">{} : {}</td>{}{}{}{}</tr>",
        text_of(comparison.at("first")), text_of(comparison.at("second")),
        number_cell(all.at("n_pairs"), 0),
        number_cell(all.at("difference"), 2, &all.at("interval")),
        format_number(all.at("mcnemar").at("only_first"), 0),
        format_number(all.at("mcnemar").at("only_second"), 0),
        p_cell(all.at("mcnemar").at("mid_p")), p_cell(comparison.at("holm_p")),
        number_cell(all.at("minimum_detectable_difference"), 2),
        number_cell(kappa.at("kappa"), 3, &kappa.at("interval")));
  }
  return "<p class=\"intro\">Difference of pair accuracy on the pairs that both models answered, "
         "with "
         "McNemar's mid-p and its Holm adjustment over all comparisons; the smallest difference "
         "this "
         "number of pairs finds with power 0.8; and error consistency on items (0: as independent "
         "systems of these accuracies, 1: always right and wrong together).</p>" +
         table("summary",
               {{"models", false},
                {"pairs", true},
                {"difference, points", true},
                {"only one right", true},
                {"mid-p", true},
                {"Holm p", true},
                {"detectable", true},
                {"error consistency κ", true}},
               rows, "Comparisons") +
         left_out_note(comparisons.size(), kMostRows, "results.json");
}

std::string render_published_pairs(const nlohmann::json& results) {
  std::string html;
  std::map<std::string, std::string> rows;  // by subset
  for (const Json& model : results.at("models")) {
    for (const Json& group : groups_of(model)) {
      rows[group.at("subset").get<std::string>()] +=
          fmt::format("<tr class=\"main\"><th scope=\"row\">{}</th>{}<td>this run</td></tr>",
                      text_of(model.at("name")), scores_cells(group));
    }
  }
  for (auto& [subset, body] : rows) {
    bool any = false;
    for (const Json& published : results.at("published")) {
      if (published.at("subset") != subset) continue;
      any = true;
      body += fmt::format(
          "<tr><th scope=\"row\">{}</th>{}{}<td>{}</td></tr>", text_of(published.at("model")),
          number_cell(published.at("pair_accuracy"), 2),
          number_cell(published.at("single_accuracy"), 2), text_of(published.at("source")));
    }
    if (!any) continue;
    html += fmt::format("<h3>Among published results on {}</h3>", bdi(subset)) +
            table("summary",
                  {{"model", false},
                   {"pair accuracy, %", true},
                   {"single accuracy, %", true},
                   {"source", false}},
                  body, "Published results");
  }
  return html;
}

std::string render_pair_diagnostics(const nlohmann::json& results) {
  std::string html;
  for (const Json& model : results.at("models")) {
    std::string rows;
    std::string findings;
    for (const auto& [name, task] : model.at("tasks").items()) {
      const Json& shortcut = task.at("shortcut");
      const Json& answers = task.at("answers");
      rows +=
          fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}{}{}{}{}</tr>", bdi(name),
                      number_cell(shortcut.at("answer_constancy"), 3),
                      number_cell(answers.at("share_a"), 3), number_cell(answers.at("unparsed"), 0),
                      number_cell(shortcut.at("independent_pair_accuracy"), 2),
                      number_cell(shortcut.at("pair_minus_single_squared"), 2),
                      number_cell(shortcut.at("within_pair_phi"), 3),
                      p_cell(task.at("pair_accuracy").at("against_chance").at("less_p")),
                      p_cell(task.at("pair_accuracy").at("against_chance").at("greater_p")));
      findings += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", bdi(name),
                              text_of(shortcut.at("finding")));
    }
    html += fmt::format("<h3>{}</h3>", text_of(model.at("name"))) +
            table("summary",
                  {{"task", false},
                   {"same answer twice", true},
                   {"answers A", true},
                   {"unparsed", true},
                   {"s², %", true},
                   {"pair − s²", true},
                   {"φ within pairs", true},
                   {"p below chance", true},
                   {"p above chance", true}},
                  rows, "Shortcut diagnostics") +
            "<dl class=\"nulls\">" + findings + "</dl>";
  }
  std::string controls;
  for (const Json& control : results.at("controls"))
    controls += definition(text_of(control.at("control")), text_of(control.at("finding")));
  html += controls.empty() ? "<p class=\"note\">No control run was given (--blind, --single-frame, "
                             "--shuffled-frames, --swapped-options).</p>"
                           : "<h3>Control runs</h3><dl class=\"nulls\">" + controls + "</dl>";
  return html;
}

std::string render_disagreeing_parses(const nlohmann::json& results) {
  std::string html;
  for (const Json& model : results.at("models")) {
    const Json& parsers = model.at("parsers");
    html += fmt::format(
        "<h3>{}</h3><p>{} answers are read differently by the benchmark's rule "
        "(strict) and by one that reads what the response says (robust).</p>",
        text_of(model.at("name")), format_count(parsers.at("n_changed").get<int64_t>()));
    std::string effects;
    for (const auto& [name, effect] : parsers.at("tasks").items()) {
      effects += fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}{}</tr>", bdi(name),
                             number_cell(effect.at("n_changed"), 0),
                             number_cell(effect.at("pair_accuracy").at("strict"), 2),
                             number_cell(effect.at("pair_accuracy").at("robust"), 2),
                             number_cell(effect.at("single_accuracy").at("strict"), 2),
                             number_cell(effect.at("single_accuracy").at("robust"), 2));
    }
    html += table("summary",
                  {{"task", false},
                   {"changed", true},
                   {"pair, strict", true},
                   {"robust", true},
                   {"single, strict", true},
                   {"robust", true}},
                  effects, "Effect of the rule");
    const Json& changed = parsers.at("changed");
    if (changed.empty()) continue;
    std::string rows;
    std::size_t shown = 0;
    const auto letter = [](const Json& answer) {
      return answer.is_string() ? text_of(answer) : std::string("–");
    };
    for (const Json& answer : changed) {
      if (++shown > kMostRows) break;
      rows += fmt::format(
          "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td><td>{}</td>"
          "<td>{}</td><td>{}</td></tr>",
          item_href(answer.at("id").get<std::string>()), text_of(answer.at("id")),
          text_of(answer.at("response")), letter(answer.at("right_answer")),
          letter(answer.at("strict")), letter(answer.at("robust")));
    }
    html += fmt::format("<details class=\"data wide\"{}><summary>The {} answers</summary>",
                        changed.size() <= 20 ? " open" : "",
                        format_count(static_cast<int64_t>(changed.size()))) +
            table("failures",
                  {{"item", false},
                   {"response", false},
                   {"right", false},
                   {"strict", false},
                   {"robust", false}},
                  rows, "Disagreeing parses") +
            "</details>" + left_out_note(changed.size(), kMostRows, "results.json");
  }
  return html;
}

std::string render_pair_problems(const nlohmann::json& results) {
  std::string html;
  const auto add = [&](const std::string& model, const Json& problems) {
    for (const Json& problem : problems) {
      std::string rows;
      std::size_t shown = 0;
      for (const Json& item : problem.at("items")) {
        if (++shown > kMostRows) break;
        const Json& line = item.at("line");
        rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td></tr>",
                            text_of(item.at("id")), text_of(item.at("file")),
                            line.is_number() ? ":" + dump_json(line) : std::string(),
                            text_of(item.at("text")));
      }
      html += fmt::format("<h3>{} <small>{}, {}</small></h3>", text_of(problem.at("kind")), model,
                          format_count(problem.at("n").get<int64_t>())) +
              table("failures", {{"id", false}, {"where", false}, {"what", false}}, rows,
                    problem.at("kind").get<std::string>()) +
              left_out_note(problem.at("items").size(), kMostRows, "failures.jsonl");
    }
  };
  for (const Json& model : results.at("models"))
    add(text_of(model.at("name")), model.at("problems"));
  if (results.contains("annotation_problems"))
    add("annotations", results.at("annotation_problems"));
  return html.empty() ? "<p>Nothing in the logs contradicts itself.</p>" : html;
}

std::string render_pair_provenance(const nlohmann::json& results) {
  const Json& provenance = results.at("provenance");
  std::string html = "<dl class=\"provenance\">";
  html += definition("Written by", text_of(provenance.at("producer")));
  html += definition("Protocol", "<code>" + text_of(results.at("protocol")) + "</code>");
  for (const char* name :
       {"parser", "incomplete_pairs", "duplicates", "seed", "resamples", "level"}) {
    if (!provenance.contains(name)) continue;
    const Json& value = provenance.at(name);
    html += definition(name, value.is_string() ? text_of(value) : dump_json(value));
  }
  for (const Json& model : results.at("models")) {
    std::string files;
    for (const Json& file : model.at("files"))
      files += "<li><code>" + text_of(file) + "</code></li>";
    html += definition(text_of(model.at("name")), "<ol class=\"layers\">" + files + "</ol>");
  }
  return html + "</dl>";
}

}  // namespace physprobe

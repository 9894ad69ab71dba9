#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"
#include "physprobe/report/pair_sections.h"
#include "physprobe/report/pair_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {

using Json = nlohmann::json;

std::string render_pair_comparisons(const nlohmann::json& results) {
  const Json& comparisons = results.at("comparisons");
  if (comparisons.empty())
    return "<p>One model was scored: there is nothing to compare it with here.</p>";
  std::string rows;
  std::size_t shown = 0;
  for (const Json& comparison : comparisons) {
    if (++shown > kMostPairRows) break;
    const Json& all = comparison.at("differences").at(0);
    const Json& kappa = comparison.at("error_consistency").at("items");
    rows += fmt::format(
        "<tr><th scope=\"row\">{} − {}</th>{}{}<td class=\"num\">{} : {}</td>{}{}{}{}</tr>",
        pair_text(comparison.at("first")), pair_text(comparison.at("second")),
        number_cell(all.at("n_pairs"), 0),
        number_cell(all.at("difference"), 2, &all.at("interval")),
        format_number(all.at("mcnemar").at("only_first"), 0),
        format_number(all.at("mcnemar").at("only_second"), 0),
        p_cell(all.at("mcnemar").at("mid_p")), p_cell(comparison.at("holm_p")),
        number_cell(all.at("minimum_detectable_difference"), 2),
        number_cell(kappa.at("kappa"), 3, &kappa.at("interval")));
  }
  const bool is_grouped = results.contains("kinds");
  const std::string score =
      is_grouped ? bdi(results.at("kinds").back().at("name").get<std::string>()) : "pair accuracy";
  return fmt::format(
             "<p class=\"intro\">Difference of {} on the {} that both models answered, with "
             "McNemar's mid-p and its Holm adjustment over all comparisons; the smallest "
             "difference "
             "this number of them finds with power 0.8; and error consistency (0: as independent "
             "systems of these accuracies, 1: always right and wrong together).</p>",
             score, is_grouped ? "examples" : "pairs") +
         pair_table("summary",
                    {{"models", false},
                     {is_grouped ? "examples" : "pairs", true},
                     {"difference, points", true},
                     {"only one right", true},
                     {"mid-p", true},
                     {"Holm p", true},
                     {"detectable", true},
                     {"error consistency κ", true}},
                    rows, "Comparisons") +
         left_out_note(comparisons.size(), "results.json");
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
                              pair_text(shortcut.at("finding")));
    }
    html += fmt::format("<h3>{}</h3>", pair_text(model.at("name"))) +
            pair_table("summary",
                       {{"task", false},
                        {"same answer twice", true},
                        {"answers A", true},
                        {"unparsed", true},
                        {"s², %", true},
                        {"pair − s²", true},
                        {"φ within pairs", true},
                        {"p below", true},
                        {"p above", true}},
                       rows, "Shortcut diagnostics") +
            "<dl class=\"nulls\">" + findings + "</dl>";
  }
  std::string controls;
  for (const Json& control : results.at("controls"))
    controls += definition_row(pair_text(control.at("control")), pair_text(control.at("finding")));
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
        pair_text(model.at("name")), format_count(parsers.at("n_changed").get<int64_t>()));
    std::string effects;
    for (const auto& [name, effect] : parsers.at("tasks").items()) {
      effects += fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}{}</tr>", bdi(name),
                             number_cell(effect.at("n_changed"), 0),
                             number_cell(effect.at("pair_accuracy").at("strict"), 2),
                             number_cell(effect.at("pair_accuracy").at("robust"), 2),
                             number_cell(effect.at("single_accuracy").at("strict"), 2),
                             number_cell(effect.at("single_accuracy").at("robust"), 2));
    }
    html += pair_table("summary",
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
      return answer.is_string() ? pair_text(answer) : std::string("–");
    };
    for (const Json& answer : changed) {
      if (++shown > kMostPairRows) break;
      rows += fmt::format(
          "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td><td>{}</td>"
          "<td>{}</td><td>{}</td></tr>",
          item_href(answer.at("id").get<std::string>()), pair_text(answer.at("id")),
          pair_text(answer.at("response")), letter(answer.at("right_answer")),
          letter(answer.at("strict")), letter(answer.at("robust")));
    }
    html += fmt::format("<details class=\"data wide\"{}><summary>The {} answers</summary>",
                        changed.size() <= 20 ? " open" : "",
                        format_count(static_cast<int64_t>(changed.size()))) +
            pair_table("failures",
                       {{"item", false},
                        {"response", false},
                        {"right", false},
                        {"strict", false},
                        {"robust", false}},
                       rows, "Disagreeing parses") +
            "</details>" + left_out_note(changed.size(), "results.json");
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
        if (++shown > kMostPairRows) break;
        const Json& line = item.at("line");
        rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td></tr>",
                            pair_text(item.at("id")), pair_text(item.at("file")),
                            line.is_number() ? ":" + dump_json(line) : std::string(),
                            pair_text(item.at("text")));
      }
      html += fmt::format("<h3>{} <small>{}, {}</small></h3>", pair_text(problem.at("kind")), model,
                          format_count(problem.at("n").get<int64_t>())) +
              pair_table("failures", {{"id", false}, {"where", false}, {"what", false}}, rows,
                         problem.at("kind").get<std::string>()) +
              left_out_note(problem.at("items").size(), "failures.jsonl");
    }
  };
  for (const Json& model : results.at("models"))
    add(pair_text(model.at("name")), model.at("problems"));
  if (results.contains("annotation_problems"))
    add("annotations", results.at("annotation_problems"));
  return html.empty() ? "<p>Nothing in the logs contradicts itself.</p>" : html;
}

std::string render_pair_provenance(const nlohmann::json& results) {
  const Json& provenance = results.at("provenance");
  std::string html = "<dl class=\"provenance\">";
  html += definition_row("Written by", pair_text(provenance.at("producer")));
  html += definition_row("Protocol", "<code>" + pair_text(results.at("protocol")) + "</code>");
  for (const char* name :
       {"parser", "incomplete_pairs", "duplicates", "seed", "resamples", "level"}) {
    if (!provenance.contains(name)) continue;
    const Json& value = provenance.at(name);
    html += definition_row(name, value.is_string() ? pair_text(value) : dump_json(value));
  }
  for (const Json& model : results.at("models")) {
    std::string files;
    for (const Json& file : model.at("files"))
      files += "<li><code>" + pair_text(file) + "</code></li>";
    html += definition_row(pair_text(model.at("name")), "<ol class=\"layers\">" + files + "</ol>");
  }
  return html + "</dl>";
}

}  // namespace physprobe

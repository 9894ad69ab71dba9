#include "physprobe/eval/voe/surprise_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(const Json& value) {
  return value.is_number() ? fmt::format("{:.1f}", value.get<double>()) : "-";
}

std::string interval_text(const Json& interval) {
  if (!interval.at("low").is_number()) return "";
  return fmt::format("[{}, {}]", percent(interval.at("low")), percent(interval.at("high")));
}

/// The interval of the fixed context, the last kind of the flat scores.
std::string fixed_interval(const Json& results, const Json& model, const std::string& property) {
  const Json& kind = results.at("kinds").back().at("name");
  for (const Json& score : results.at("scores")) {
    if (score.at("model") == model && score.at("task") == property && score.at("name") == kind)
      return interval_text(score.at("interval"));
  }
  return "";
}

std::string row_text(const Json& rows, const std::string& name) {
  for (const Json& row : rows) {
    if (row.at("row") == name) return percent(row.at("relative_accuracy_mean").at("value"));
  }
  return "-";
}

std::string model_line(const Json& results, const Json& model, const std::string& property) {
  const Json& scored = model.at("properties").at(property);
  const auto fixed = results.at("kinds").back().at("name").get<std::string>();
  const Json& sweep = scored.at("sweep");
  const Json& held_out = scored.at("held_out_selection");
  const auto name = model.at("name").get<std::string>();
  return fmt::format(
      "  {:<34} {:>5} {:<15} {:>8}  {:>5} {:<12} {:>5} (p {:.2g})  {:>5}\n",
      model.at("role") == "null" ? "null: " + name : name, row_text(scored.at("rows"), fixed),
      fixed_interval(results, model.at("name"), property), row_text(scored.at("rows"), "Filtered"),
      percent(sweep.at("best")), "(" + sweep.at("row").get<std::string>() + ")",
      percent(sweep.at("null_mean")), sweep.at("p").get<double>(),
      held_out.is_null() ? "-" : percent(held_out.at("value")));
}

std::string trajectory_lines(const Json& results, const std::string& property) {
  if (!results.contains("trajectory")) return "";
  std::string text;
  for (const Json& score : results.at("trajectory")) {
    if (score.at("property") != property) continue;
    text += fmt::format(
        "  {:<34} {:>5} {:<15} {}\n", "trajectory: " + score.at("statistic").get<std::string>(),
        percent(score.at("value")),
        score.contains("interval") ? interval_text(score.at("interval")) : "",
        score.at("chance") != 50.0 ? fmt::format("chance {} %", percent(score.at("chance"))) : "");
  }
  return text;
}

}  // namespace

std::string format_surprise_scores(const Json& results) {
  std::string text;
  std::vector<std::string> properties;
  for (const Json& model : results.at("models")) {
    for (const auto& [property, scored] : model.at("properties").items()) {
      if (std::find(properties.begin(), properties.end(), property) == properties.end())
        properties.push_back(property);
    }
  }
  const auto fixed = results.at("kinds").back().at("name").get<std::string>();
  for (const std::string& property : properties) {
    std::string lines;
    int64_t pairs = 0;
    Json oracle;
    for (const Json& model : results.at("models")) {
      if (!model.at("properties").contains(property)) continue;
      const Json& scored = model.at("properties").at(property);
      if (pairs == 0) {
        pairs = scored.at("n_pairs").get<int64_t>();
        oracle = scored.at("any_row");
      }
      lines += model_line(results, model, property);
    }
    text += fmt::format(
        "{}: {} pairs, relative accuracy in percent, chance 50\n  {:<34} {:<21} {:>8}  {:<18} "
        "{:<14} "
        "{}\n",
        property, pairs, "", fixed + " (fixed)", "Filtered", "best row", "exchanged", "held out");
    text += lines + trajectory_lines(results, property);
    text += fmt::format("  any of the {} rows right: {} % (an oracle; chance {} %)\n",
                        oracle.at("rows").get<int64_t>(), percent(oracle.at("oracle")),
                        percent(oracle.at("chance")));
  }
  for (const Json& model : results.at("models")) {
    if (model.at("role") == "null") continue;
    const Json& headline = model.at("headline");
    if (model.at("properties").size() > 1)
      text += fmt::format("{}: mean of {} properties at {}: {} % {}\n",
                          model.at("name").get<std::string>(), model.at("properties").size(), fixed,
                          percent(headline.at("fixed_context")),
                          interval_text(headline.at("fixed_context_interval")));
    const auto finding = model.at("finding").get<std::string>();
    text += fmt::format("{}: {}\n", model.at("name").get<std::string>(),
                        finding.empty() ? "no pair could be scored" : finding);
  }
  for (const Json& note : results.at("notes")) text += note.get<std::string>() + "\n";
  return text;
}

}  // namespace physprobe

#include "physprobe/eval/minimal_pairs/compare_grouped.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/grouped_document.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

std::string grouped_cell(const Json& score) {
  if (!score.is_object()) return "-";
  std::string value = fmt::format("{:.2f}", score.at("value").get<double>());
  if (!score.contains("interval") || !score["interval"].at("low").is_number()) return value;
  return fmt::format("{} [{:.2f}, {:.2f}]", value, score["interval"]["low"].get<double>(),
                     score["interval"]["high"].get<double>());
}

}  // namespace

nlohmann::ordered_json compare_grouped_runs(const std::vector<nlohmann::json>& results,
                                            const std::vector<std::string>& names) {
  const auto protocol = results.front().at("protocol").get<std::string>();
  std::vector<std::string> kinds;
  std::map<std::string, std::vector<Json>> tasks;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].at("protocol") != protocol) {
      throw Error(
          ErrorKind::kIncompatible, names[i],
          fmt::format("its protocol is '{}', that of {} is '{}'; they are not comparable",
                      results[i].at("protocol").get<std::string>(), names.front(), protocol));
    }
    if (results[i].at("kinds").back() != results.front().at("kinds").back()) {
      throw Error(
          ErrorKind::kIncompatible, names[i],
          fmt::format("its headline is '{}', that of {} is '{}'; they are not comparable",
                      results[i].at("kinds").back().at("name").get<std::string>(), names.front(),
                      results.front().at("kinds").back().at("name").get<std::string>()));
    }
    std::map<std::pair<std::string, std::string>, Json> rows;  // by task and model
    for (const nlohmann::json& score : results[i].at("scores")) {
      const auto task = score.at("task").get<std::string>();
      const auto model = score.at("model").get<std::string>();
      const auto kind = score.at("name").get<std::string>();
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
      Json& row = rows[{task, model}];
      if (row.is_null())
        row = Json{{"model", model}, {"origin", names[i]}, {"scores", Json::object()}};
      row["scores"][kind] = Json{{"value", score.at("value").get<double>()},
                                 {"n", score.at("n").get<int64_t>()},
                                 {"interval", Json::parse(score.at("interval").dump())}};
    }
    for (auto& [key, row] : rows) tasks[key.first].push_back(std::move(row));
  }
  for (const Json& published : published_grouped_scores(protocol)) {
    Json scores = Json::object();
    for (const auto& [kind, value] : published.at("scores").items())
      scores[kind] = value.is_number() ? Json{{"value", value}} : Json();
    for (auto& [task, rows] : tasks) {
      rows.push_back(Json{{"model", published.at("model")},
                          {"origin", "published: " + published.at("source").get<std::string>()},
                          {"scores", scores}});
    }
  }
  const auto main = results.front().at("kinds").back().at("name").get<std::string>();
  const auto value_of = [&](const Json& row) {
    const Json score = row.at("scores").value(main, Json());
    return score.is_object() ? score.at("value").get<double>() : -1.0;
  };
  Json tables = Json::object();
  for (auto& [task, rows] : tasks) {
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const Json& a, const Json& b) { return value_of(a) > value_of(b); });
    tables[task] = rows;
  }
  return Json{{"protocol", protocol}, {"kinds", kinds}, {"tasks", tables}};
}

std::string format_grouped_comparison(const nlohmann::ordered_json& comparison) {
  std::string text = "protocol " + comparison.at("protocol").get<std::string>() + "\n";
  for (const auto& [task, rows] : comparison.at("tasks").items()) {
    text += fmt::format("\n{}{}  {:<32}", task, task.empty() ? "" : "\n", "model");
    for (const Json& kind : comparison.at("kinds"))
      text += fmt::format(" {:<24}", kind.get<std::string>() + " %");
    text += " from\n";
    for (const Json& row : rows) {
      text += fmt::format("  {:<32}", row.at("model").get<std::string>());
      for (const Json& kind : comparison.at("kinds"))
        text += fmt::format(" {:<24}",
                            grouped_cell(row.at("scores").value(kind.get<std::string>(), Json())));
      text += " " + row.at("origin").get<std::string>() + "\n";
    }
  }
  return text;
}

}  // namespace physprobe

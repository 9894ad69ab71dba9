#include "physprobe/eval/voe/compare_surprise.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/compare_grouped.h"
#include "physprobe/eval/voe/published_surprise.h"
#include "physprobe/eval/voe/score_surprise.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

std::optional<double> number_at(const nlohmann::json& value) {
  return value.is_number() ? std::optional<double>(value.get<double>()) : std::nullopt;
}

/// Relative accuracy of a property by row name ("context 4", "Filtered").
std::optional<double> row_value(const nlohmann::json& property, const std::string& row) {
  for (const nlohmann::json& entry : property.at("rows")) {
    if (entry.at("row") == row) return number_at(entry.at("relative_accuracy_mean").at("value"));
  }
  return std::nullopt;
}

/// A model's values as a statistic states them, by column.
class RunValues {
 public:
  RunValues(const nlohmann::json& model, std::string statistic)
      : model_(model), statistic_(std::move(statistic)) {}

  std::optional<double> at(const std::string& column) const {
    if (statistic_ == "best_context") return best_context(column);
    if (column == "mean") return mean_over(members_of_all());
    const nlohmann::json& groups = model_.at("property_groups");
    if (!groups.contains(column) || !groups[column].at("missing").empty()) return std::nullopt;
    return mean_over(groups[column].at("members").get<std::vector<std::string>>());
  }

 private:
  std::optional<double> best_context(const std::string& column) const {
    const nlohmann::json& breakdown = model_.at("breakdown");
    if (column == "mean")
      return breakdown.contains("all") ? number_at(breakdown["all"].at("best_context").at("value"))
                                       : std::nullopt;
    for (const char* attribute : {"difficulty", "Difficulty"}) {
      if (breakdown.contains(attribute) && breakdown[attribute].contains(column))
        return number_at(breakdown[attribute][column].at("best_context").at("value"));
    }
    return std::nullopt;
  }

  std::vector<std::string> members_of_all() const {
    std::vector<std::string> names;
    for (const auto& [name, property] : model_.at("properties").items()) names.push_back(name);
    return names;
  }

  std::optional<double> mean_over(const std::vector<std::string>& members) const {
    double sum = 0.0;
    for (const std::string& member : members) {
      const std::optional<double> value = of_property(model_.at("properties").at(member));
      if (!value) return std::nullopt;
      sum += *value;
    }
    if (members.empty()) return std::nullopt;
    return sum / static_cast<double>(members.size());
  }

  std::optional<double> of_property(const nlohmann::json& property) const {
    if (statistic_ == "best_of_sweep") return number_at(property.at("sweep").at("best"));
    return row_value(property, statistic_ == "filtered" ? "Filtered" : statistic_);
  }

  const nlohmann::json& model_;
  std::string statistic_;
};

bool is_of_runs(const std::string& statistic) {
  return statistic == "best_of_sweep" || statistic == "best_context" || statistic == "filtered" ||
         statistic.rfind("context ", 0) == 0;
}

std::vector<Json> published_rows(const PublishedTable& table) {
  std::vector<Json> rows;
  for (const PublishedValue& value : table.values) {
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Json& other) {
      return other.at("model") == value.model && other.at("source") == value.source;
    });
    if (row == rows.end()) {
      row = rows.insert(rows.end(), Json{{"model", value.model},
                                         {"origin", "published"},
                                         {"values", Json::object()},
                                         {"reading", value.reading},
                                         {"source", value.source}});
    }
    (*row)["values"][value.column] = value.value;
  }
  return rows;
}

/// Of tables with one skip and window, only runs that are known to have them.
bool has_frames_of(const PublishedTable& table, const nlohmann::json& results) {
  if (table.window == 0) return true;
  if (!results.contains("settings")) return false;
  const nlohmann::json& settings = results.at("settings");
  return settings.value("frame_skip", int64_t{0}) == table.skip &&
         settings.value("window", int64_t{0}) == table.window;
}

/// Null if no run has any of the table's columns.
Json placed_table(const PublishedTable& table,
                  const std::vector<nlohmann::json>& results,
                  const std::vector<std::string>& names) {
  std::vector<Json> rows = published_rows(table);
  bool has_run = false;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!has_frames_of(table, results[i])) continue;
    for (const nlohmann::json& model : results[i].at("models")) {
      if (!model.contains("properties")) continue;
      const RunValues run(model, table.statistic);
      Json values = Json::object();
      for (const std::string& column : table.columns) {
        if (const std::optional<double> value = run.at(column)) values[column] = *value;
      }
      if (values.empty()) continue;
      has_run = true;
      const auto name = model.at("name").get<std::string>();
      const bool is_null = model.value("role", std::string()) == "null";
      rows.push_back(Json{{"model", is_null ? "null: " + name : name},
                          {"origin", names[i]},
                          {"values", values},
                          {"reading", "exact"},
                          {"source", ""}});
    }
  }
  if (!has_run) return {};
  // The order is by the column that most rows have.
  std::string main = table.columns.front();
  std::ptrdiff_t most = -1;
  for (const std::string& column : table.columns) {
    const auto n = std::count_if(rows.begin(), rows.end(), [&](const Json& row) {
      return row.at("values").contains(column);
    });
    if (n > most) {
      most = n;
      main = column;
    }
  }
  const auto value_of = [&](const Json& row) { return row.at("values").value(main, -1.0); };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Json& a, const Json& b) { return value_of(a) > value_of(b); });
  return Json{{"benchmark", table.benchmark}, {"statistic", table.statistic},
              {"protocol", table.protocol},   {"columns", table.columns},
              {"ordered_by", main},           {"rows", rows}};
}

}  // namespace

nlohmann::ordered_json compare_surprise_runs(const std::vector<nlohmann::json>& results,
                                             const std::vector<std::string>& names) {
  Json comparison = compare_grouped_runs(results, names);
  const std::string benchmark = results.front().value("benchmark", std::string());
  for (std::size_t i = 1; i < results.size(); ++i) {
    const std::string other = results[i].value("benchmark", std::string());
    if (other != benchmark)
      throw Error(ErrorKind::kIncompatible, names[i],
                  fmt::format("its benchmark is '{}', that of {} is '{}'; they are not comparable",
                              other, names.front(), benchmark));
  }
  comparison["benchmark"] = benchmark;
  comparison["published"] = Json::array();
  comparison["not_shown"] = Json::array();
  if (benchmark.empty() || results.front().at("protocol") == kCrossSurpriseProtocol)
    return comparison;
  for (const PublishedTable& table : published_surprise()) {
    if (table.benchmark != benchmark) continue;
    Json placed = is_of_runs(table.statistic) ? placed_table(table, results, names) : Json();
    if (placed.is_null()) {
      comparison["not_shown"].push_back(table.statistic + ", " + table.protocol);
    } else {
      comparison["published"].push_back(std::move(placed));
    }
  }
  return comparison;
}

std::string format_surprise_comparison(const nlohmann::ordered_json& comparison) {
  std::string text = format_grouped_comparison(comparison);
  for (const Json& table : comparison.at("published")) {
    text += fmt::format(
        "\n{}: {} (published with: {})\n  {:<36}", table.at("benchmark").get<std::string>(),
        table.at("statistic").get<std::string>(), table.at("protocol").get<std::string>(), "model");
    for (const Json& column : table.at("columns"))
      text += fmt::format(" {:>18}", column.get<std::string>());
    text += "  from\n";
    for (const Json& row : table.at("rows")) {
      text += fmt::format("  {:<36}", row.at("model").get<std::string>());
      for (const Json& column : table.at("columns")) {
        const auto name = column.get<std::string>();
        const Json& values = row.at("values");
        text += values.contains(name) ? fmt::format(" {:>18.2f}", values[name].get<double>())
                                      : fmt::format(" {:>18}", "-");
      }
      const auto reading = row.at("reading").get<std::string>();
      const bool is_run = row.at("source") == "";
      text += "  " + (is_run ? row.at("origin").get<std::string>()
                             : row.at("source").get<std::string>() +
                                   (reading == "exact" ? "" : " (±" + reading + ")"));
      text += "\n";
    }
  }
  for (const Json& table : comparison.at("not_shown"))
    text += "\nnot comparable with these runs: " + table.get<std::string>();
  return text + (comparison.at("not_shown").empty() ? "" : "\n");
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/table_report.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/physics_iq/benchmark_layout.h"
#include "physprobe/eval/physics_iq/evaluation_files.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/score_intervals.h"
#include "physprobe/eval/physics_iq/score_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

Json sub_tables(const ResultTable& table, const std::map<std::string, std::string>& category_of) {
  std::map<std::string, int64_t> categories;
  for (const ResultRow& row : table.rows) {
    const auto found = category_of.find(row.scenario);
    if (found == category_of.end())
      throw Error(ErrorKind::kInput, table.source,
                  fmt::format("scene '{}' is not in the descriptions table", row.scenario));
    ++categories[found->second];
  }
  categories.erase("");  // scenes without a category are in the table's own scores
  Json json = Json::object();
  for (const auto& [category, count] : categories) {
    const ResultTable part = select_rows(table, [&, name = category](const std::string& scenario) {
      return category_of.at(scenario) == name;
    });
    Json entry = {{"n_scenarios", count}};
    entry.update(scores_json(score_physics_iq(part)));
    json[category] = entry;
  }
  return json;
}

}  // namespace

Json score_result_tables(const std::vector<std::string>& paths,
                         const std::string& descriptions,
                         const BootstrapOptions& statistics,
                         const std::string& model) {
  std::map<std::string, std::string> category_of;
  if (!descriptions.empty())
    for (const BenchmarkSample& sample : read_descriptions(descriptions))
      category_of[sample.scenario] = sample.category;
  Json runs = Json::array();
  std::vector<PhysicsIqScores> all;
  for (const std::string& path : paths) {
    const ResultTable table = read_result_table(path);
    all.push_back(score_physics_iq(table));
    Json entry = {
        {"table", path},
        {"name", std::filesystem::path(path).stem().string()},
        {"scenes", table.rows.size()},
        {"scores", scores_json(all.back())},
        {"physical_variance_all_metrics", historical_score(table).physical_variance_all_metrics},
        {"intervals",
         {{"verified", scaled_interval_json(verified_interval(table, statistics), 100.0)},
          {"original", scaled_interval_json(original_interval(table, statistics), 100.0)}}}};
    if (!category_of.empty()) entry["categories"] = sub_tables(table, category_of);
    const std::vector<SampleScore> samples = sample_scores(table);
    const auto incomplete =
        std::count_if(samples.begin(), samples.end(),
                      [](const SampleScore& sample) { return std::isnan(sample.arithmetic); });
    if (incomplete > 0)
      entry["incomplete"] =
          fmt::format("{} of {} samples lack a number and are left out of the Verified score",
                      incomplete, samples.size());
    if (std::isnan(all.back().final_score_raw))
      entry["warning"] = "the original score is undefined (NaN), because a ceiling is zero";
    runs.push_back(entry);
  }
  Json aggregate = Json::object();
  for (const char* type : {"verified", "original"}) {
    const auto scores = aggregate_runs(all, type);
    Json list = Json::array();
    for (const AggregatedScore& score : scores)
      list.push_back({{"key", score.key},
                      {"label", score.label},
                      {"mean", score.mean},
                      {"std", score.deviation}});
    aggregate[type] = {{"scores", list},
                       {"csv", aggregate_csv(scores, model)},
                       {"latex", aggregate_latex(scores)}};
  }
  return Json{{"kind", "physics-iq tables"}, {"runs", runs}, {"aggregate", aggregate}};
}

std::string format_scored_tables(const Json& document) {
  const auto cell = [](const Json& value, double scale) {
    if (!value.is_number() || std::isnan(value.get<double>())) return std::string("NaN");
    return fmt::format("{:.2f}", scale * value.get<double>());
  };
  std::string text = fmt::format("{:<28} {:>9} {:>19} {:>9} {:>8} {:>7}\n", "table", "verified",
                                 "interval", "original", "(hist.)", "scenes");
  for (const Json& run : document["runs"]) {
    const Json& scores = run["scores"];
    const Json& interval = run["intervals"]["verified"];
    text += fmt::format(
        "{:<28} {:>9} {:>19} {:>9} {:>8} {:>7}\n", run["name"].get<std::string>(),
        cell(scores["final_score_view"], 100.0),
        fmt::format("[{}, {}]", cell(interval["low"], 1.0), cell(interval["high"], 1.0)),
        cell(scores["final_score_orig"], 100.0), cell(scores["final_score_origround"], 1.0),
        run["scenes"].get<int64_t>());
    if (run.contains("incomplete"))
      text += "  warning: " + run["incomplete"].get<std::string>() + "\n";
    if (run.contains("warning")) text += "  warning: " + run["warning"].get<std::string>() + "\n";
    if (!run.contains("categories")) continue;
    for (const auto& [category, entry] : run["categories"].items())
      text += fmt::format(
          "  {:<26} {:>9} {:>19} {:>9} {:>8} {:>7}\n", category,
          cell(entry["final_score_view"], 100.0), "", cell(entry["final_score_orig"], 100.0),
          cell(entry["final_score_origround"], 1.0), entry["n_scenarios"].get<int64_t>());
  }
  if (document["runs"].size() > 1) {
    text += "\n" + document["aggregate"]["verified"]["csv"].get<std::string>() +
            document["aggregate"]["original"]["csv"].get<std::string>();
  }
  return text;
}

}  // namespace physprobe

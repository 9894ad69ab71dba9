#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/eval/run.h"
#include "physprobe/eval/run_directory.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// "57.7 [41.0, 74.2]"; "-" for a score that does not exist.
std::string with_interval(const Json* score, const char* value_key, const char* interval_key) {
  if (score == nullptr || !score->at(value_key).is_number()) return "-";
  const Json& interval = score->at(interval_key);
  if (!interval.at("low").is_number())
    return fmt::format("{:.1f}", score->at(value_key).get<double>());
  return fmt::format("{:.1f} [{:.1f}, {:.1f}]", score->at(value_key).get<double>(),
                     interval.at("low").get<double>(), interval.at("high").get<double>());
}

const Json* find_row(const Json& rows, const std::map<std::string, std::string>& wanted) {
  for (const Json& row : rows) {
    const bool matches = std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
      return row.contains(pair.first) && row.at(pair.first) == pair.second;
    });
    if (matches) return &row;
  }
  return nullptr;
}

std::string format_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += fmt::format("{:<{}}", row[c], widths[c] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string format_summary_table(const std::string& run_directory) {
  const RunPaths paths(run_directory);
  const Json results = Json::parse(read_file(paths.results_json));
  const Json& counts = results.at("counts");
  std::string text =
      fmt::format("{}: {} items, {} ok, {} failed\n", results.at("name").get<std::string>(),
                  counts.at("items").get<int64_t>(), counts.at("ok").get<int64_t>(),
                  counts.at("failed").get<int64_t>());
  std::vector<std::string> labels = {""};
  for (const auto& [label, count] : results.at("dataset").at("labels").items()) {
    if (results.at("dataset").at("labels").size() > 1) labels.push_back(label);
  }
  for (const Json& encoder : results.at("encoders")) {
    const std::string id = encoder.at("id");
    for (const std::string& label : labels) {
      text += fmt::format("\n{}{}  mean curvature, degrees [interval]\n", id,
                          label.empty() ? "" : ", label " + label);
      std::vector<std::vector<std::string>> rows = {{"tap", "n", "clips", "minus pixels", "fade",
                                                     "fade minus pixels", "shuffled", "untrained"}};
      for (const Json& tap : encoder.at("taps")) {
        const std::string name = tap.at("name");
        const auto score = [&](const char* condition) {
          return find_row(results.at("scores"), {{"name", "mean_curvature_deg"},
                                                 {"encoder", id},
                                                 {"tap", name},
                                                 {"label", label},
                                                 {"condition", condition}});
        };
        const auto profile = [&](const char* condition) {
          return find_row(
              results.at("layer_profile"),
              {{"encoder", id}, {"tap", name}, {"label", label}, {"condition", condition}});
        };
        const Json* clip = score("clip");
        rows.push_back({name, clip != nullptr ? std::to_string(clip->at("n").get<int64_t>()) : "0",
                        with_interval(clip, "value", "interval"),
                        with_interval(profile("clip"), "difference_deg", "difference_interval"),
                        with_interval(score("fade"), "value", "interval"),
                        with_interval(profile("fade"), "difference_deg", "difference_interval"),
                        with_interval(score("shuffled"), "value", "interval"),
                        with_interval(score("untrained"), "value", "interval")});
      }
      text += format_rows(rows);
    }
  }
  for (const Json& note : results.at("notes")) text += "\nnote: " + note.get<std::string>() + "\n";
  return text;
}

}  // namespace physprobe

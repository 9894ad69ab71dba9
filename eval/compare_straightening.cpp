#include "physprobe/eval/compare_straightening.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/json_number.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/probes/straightening.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kProtocol = "straightening/curvature-1";
const double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct TapKey {
  std::string encoder, tap;
  bool operator<(const TapKey& other) const {
    return std::tie(encoder, tap) < std::tie(other.encoder, other.tap);
  }
};

/// One probed video: its curvature in degrees by encoder and tap.
struct ProbedVideo {
  std::string label;
  std::map<TapKey, double> curvature_deg;
};

struct ProbedRun {
  std::string name;
  int64_t items = 0;
  std::set<std::string> contents;             ///< Digests, whatever their sampling.
  std::map<std::string, ProbedVideo> videos;  ///< By content and times of the frames.
  std::vector<std::string> order;             ///< Their keys as the run lists them.
  std::vector<TapKey> taps;                   ///< In the run's order, pixels of each encoder apart.
  std::set<std::string> models;               ///< Encoders that are not pixels.
  std::map<std::string, std::string> preprocess;  ///< By encoder.
};

std::vector<std::string> protocols_of(const nlohmann::json& results) {
  return results.value("provenance", nlohmann::json::object())
      .value("protocols", std::vector<std::string>());
}

void read_encoders(const nlohmann::json& results, ProbedRun& run) {
  for (const nlohmann::json& encoder : results.at("encoders")) {
    const auto id = encoder.at("id").get<std::string>();
    run.preprocess[id] = encoder.at("preprocess").get<std::string>();
    if (encoder.at("family") != "pixels") run.models.insert(id);
    bool has_pixels = false;
    for (const nlohmann::json& tap : encoder.at("taps")) {
      const auto name = tap.at("name").get<std::string>();
      if (name == "pixel") {
        has_pixels = true;
      } else {
        run.taps.push_back({id, name});
      }
    }
    if (!has_pixels)
      throw Error(ErrorKind::kIncompatible, run.name,
                  fmt::format("was made without the pixels of encoder '{}', from which "
                              "straightening is counted; run it with the null 'pixels'",
                              id));
  }
}

void add_video(const nlohmann::json& line, ProbedRun& run) {
  ++run.items;
  const auto digest = line.at("digest").get<std::string>();
  run.contents.insert(digest);
  const std::string shown = digest + " " + line.at("sampling").at("pts_seconds").dump();
  std::string key = shown;
  for (int copy = 2; run.videos.count(key) != 0; ++copy) key = fmt::format("{} {}", shown, copy);
  run.order.push_back(key);
  ProbedVideo& video = run.videos[key];
  video.label = line.at("label").get<std::string>();
  for (const auto& [encoder, values] : line.at("encoders").items()) {
    for (const auto& [tap, numbers] : values.at("taps").items()) {
      const nlohmann::json& curvature = numbers.at("mean_curvature_deg");
      video.curvature_deg[{encoder, tap}] =
          curvature.is_number() ? curvature.get<double>() : kUndefined;
    }
  }
}

ProbedRun read_run(const std::string& directory) {
  const RunPaths paths(directory);
  ProbedRun run;
  run.name = directory;
  if (!std::filesystem::is_directory(directory))
    throw Error(ErrorKind::kUsage, directory,
                "is no folder; straightening is compared video by video: name the run's folder");
  if (!std::filesystem::exists(paths.complete))
    throw Error(ErrorKind::kInput, directory,
                "is not finished (it has no COMPLETE); run its suite again, which goes on where it "
                "stopped");
  try {
    read_encoders(read_json(paths.results_json), run);
    for_each_json_line(paths.items,
                       [&](int64_t, const nlohmann::json& line) { add_video(line, run); });
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, directory,
                std::string("its items.jsonl or results.json lack what a comparison needs: ") +
                    error.what());
  }
  return run;
}

/// Keys of the videos that every run has, in the first one's order, so that its intervals are those
/// of its own results.
std::vector<std::string> common_videos(const std::vector<ProbedRun>& runs) {
  std::vector<std::string> common;
  for (const std::string& key : runs.front().order) {
    const bool is_everywhere = std::all_of(
        runs.begin(), runs.end(), [&](const ProbedRun& run) { return run.videos.count(key) != 0; });
    if (is_everywhere) common.push_back(key);
  }
  if (!common.empty()) return common;
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const bool shares_content = std::any_of(
        runs[i].contents.begin(), runs[i].contents.end(),
        [&](const std::string& digest) { return runs.front().contents.count(digest) != 0; });
    if (shares_content)
      throw Error(ErrorKind::kIncompatible, runs[i].name,
                  fmt::format("shows other frames of the videos of {}; curvature depends on the "
                              "rate: compare runs of the same sampling",
                              runs.front().name));
  }
  throw Error(ErrorKind::kIncompatible, runs.back().name,
              fmt::format("shares no video with {}", runs.front().name));
}

std::vector<double> curvatures(const ProbedRun& run,
                               const std::vector<std::string>& keys,
                               const TapKey& tap) {
  std::vector<double> values;
  for (const std::string& key : keys) {
    const std::map<TapKey, double>& known = run.videos.at(key).curvature_deg;
    const auto found = known.find(tap);
    values.push_back(found == known.end() ? kUndefined : found->second);
  }
  return values;
}

/// Tap minus pixels of the same encoder, video by video.
std::vector<double> differences(const ProbedRun& run,
                                const std::vector<std::string>& keys,
                                const TapKey& tap) {
  std::vector<double> values = curvatures(run, keys, tap);
  const std::vector<double> pixels = curvatures(run, keys, {tap.encoder, "pixel"});
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= pixels[i];
  return values;
}

/// The row of the first run that a row of another run is set against.
std::optional<TapKey> counterpart(const ProbedRun& first, const ProbedRun& run, const TapKey& tap) {
  const auto has = [&](const TapKey& wanted) {
    return std::any_of(first.taps.begin(), first.taps.end(), [&](const TapKey& known) {
      return known.encoder == wanted.encoder && known.tap == wanted.tap;
    });
  };
  if (has(tap)) return tap;
  const bool is_one_model_each = first.models.size() == 1 && run.models.size() == 1;
  if (!is_one_model_each || run.models.count(tap.encoder) == 0) return std::nullopt;
  const TapKey same_tap{*first.models.begin(), tap.tap};
  return has(same_tap) ? std::optional<TapKey>(same_tap) : std::nullopt;
}

Json row_of(const std::vector<ProbedRun>& runs,
            std::size_t r,
            const TapKey& tap,
            const std::vector<std::string>& keys,
            const BootstrapOptions& statistics) {
  const LayerProfileRow profile =
      layer_profile(tap.tap, curvatures(runs[r], keys, tap),
                    curvatures(runs[r], keys, {tap.encoder, "pixel"}), statistics);
  Json row{{"run", runs[r].name},
           {"encoder", tap.encoder},
           {"tap", tap.tap},
           {"n", profile.n},
           {"mean_curvature_deg", finite_or_null(profile.mean_curvature_deg)},
           {"mean_interval", interval_json(profile.mean_interval)},
           {"difference_deg", finite_or_null(profile.difference_deg)},
           {"difference_interval", interval_json(profile.difference_interval)},
           {"change_deg", nullptr},
           {"change_interval", nullptr},
           {"change_n", 0}};
  const std::optional<TapKey> other =
      r == 0 ? std::nullopt : counterpart(runs.front(), runs[r], tap);
  if (!other) return row;
  const std::vector<double> here = differences(runs[r], keys, tap);
  const std::vector<double> there = differences(runs.front(), keys, *other);
  std::vector<double> changes;
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (std::isfinite(here[i]) && std::isfinite(there[i])) changes.push_back(here[i] - there[i]);
  }
  if (changes.empty()) return row;
  row["change_deg"] = mean(changes);
  row["change_interval"] = interval_json(bootstrap_mean(changes, statistics));
  row["change_n"] = changes.size();
  return row;
}

std::string with_ends(const Json& value, const Json& interval) {
  if (!value.is_number()) return "-";
  std::string text = fmt::format("{:.1f}", value.get<double>());
  if (interval.at("low").is_number())
    text += fmt::format(" [{:.1f}, {:.1f}]", interval["low"].get<double>(),
                        interval["high"].get<double>());
  return text;
}

}  // namespace

bool is_straightening_run(const nlohmann::json& results) {
  const std::vector<std::string> protocols = protocols_of(results);
  return std::find(protocols.begin(), protocols.end(), kProtocol) != protocols.end();
}

nlohmann::ordered_json compare_straightening_runs(const std::vector<std::string>& directories,
                                                  const BootstrapOptions& statistics) {
  if (directories.size() < 2)
    throw Error(ErrorKind::kUsage, "compare", "needs at least two runs of straightening");
  std::vector<ProbedRun> runs;
  runs.reserve(directories.size());
  for (const std::string& directory : directories) runs.push_back(read_run(directory));
  const std::vector<std::string> common = common_videos(runs);

  std::map<std::string, std::vector<std::string>> keys_of_label{{"", common}};
  std::set<std::string> labels;
  for (const std::string& key : common) labels.insert(runs.front().videos.at(key).label);
  if (labels.size() > 1) {
    for (const std::string& key : common) {
      const std::string& label = runs.front().videos.at(key).label;
      if (!label.empty()) keys_of_label[label].push_back(key);
    }
  }
  Json tables = Json::array();
  for (const auto& [label, keys] : keys_of_label) {
    std::vector<Json> rows;
    for (std::size_t r = 0; r < runs.size(); ++r) {
      for (const TapKey& tap : runs[r].taps) rows.push_back(row_of(runs, r, tap, keys, statistics));
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
      const Json& left = a.at("difference_deg");
      const Json& right = b.at("difference_deg");
      if (!left.is_number() || !right.is_number()) return left.is_number() && !right.is_number();
      return left.get<double>() < right.get<double>();
    });
    tables.push_back(Json{{"label", label}, {"n", keys.size()}, {"rows", rows}});
  }
  Json notes = Json::array();
  for (std::size_t r = 1; r < runs.size(); ++r) {
    for (const TapKey& tap : runs[r].taps) {
      const std::optional<TapKey> other = counterpart(runs.front(), runs[r], tap);
      if (!other ||
          runs[r].preprocess.at(tap.encoder) == runs.front().preprocess.at(other->encoder))
        continue;
      notes.push_back(
          fmt::format("{} and {} preprocess frames differently ('{}' in {}): their pixels are not "
                      "the same, and "
                      "curvature depends on them",
                      runs.front().name, runs[r].name, tap.encoder, runs[r].name));
      break;
    }
  }
  Json described = Json::array();
  for (const ProbedRun& run : runs)
    described.push_back(Json{{"run", run.name},
                             {"items", run.items},
                             {"left_out", run.items - static_cast<int64_t>(common.size())}});
  return Json{{"protocol", kProtocol},
              {"videos", common.size()},
              {"runs", described},
              {"tables", tables},
              {"notes", notes}};
}

std::string format_straightening_comparison(const nlohmann::ordered_json& comparison) {
  const auto first = comparison.at("runs").front().at("run").get<std::string>();
  std::string text = fmt::format("protocol {}, {} videos in common\n",
                                 comparison.at("protocol").get<std::string>(),
                                 comparison.at("videos").get<int64_t>());
  for (const Json& run : comparison.at("runs")) {
    if (run.at("left_out") == 0) continue;
    text += fmt::format("{}: {} of {} items left out, because another run lacks them\n",
                        run.at("run").get<std::string>(), run.at("left_out").get<int64_t>(),
                        run.at("items").get<int64_t>());
  }
  for (const Json& table : comparison.at("tables")) {
    const auto label = table.at("label").get<std::string>();
    text += fmt::format("\n{}, {} videos\n  {:<36} {:<14} {:<22} {:<22} {:<22} {:>4}  from\n",
                        label.empty() ? "all" : label, table.at("n").get<int64_t>(), "encoder",
                        "tap", "curvature", "minus pixels", "change", "n");
    for (const Json& row : table.at("rows")) {
      text += fmt::format("  {:<36} {:<14} {:<22} {:<22} {:<22} {:>4}  {}\n",
                          row.at("encoder").get<std::string>(), row.at("tap").get<std::string>(),
                          with_ends(row.at("mean_curvature_deg"), row.at("mean_interval")),
                          with_ends(row.at("difference_deg"), row.at("difference_interval")),
                          with_ends(row.at("change_deg"), row.at("change_interval")),
                          row.at("n").get<int64_t>(), row.at("run").get<std::string>());
    }
  }
  for (const Json& note : comparison.at("notes"))
    text += "\nnote: " + note.get<std::string>() + "\n";
  return text +
         "\nDegrees, 95 % intervals over videos. \"minus pixels\" below 0 is straighter than "
         "the input;\n\"change\" is how much that differs from the same tap in " +
         first + ",\nvideo by video, below 0 straighter.\n";
}

}  // namespace physprobe

#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/evaluation.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace physprobe {

namespace {

/// Mean and sample deviation where every scored run is a seed of one model; "" otherwise.
std::string seeds_line(const nlohmann::json& results) {
  const nlohmann::json& models = results["aggregate"]["models"];
  const auto runs =
      std::count_if(results["runs"].begin(), results["runs"].end(),
                    [](const nlohmann::json& run) { return !run["scores"].is_null(); });
  if (runs < 2 || models.size() != 1) return "";
  const auto score = [&](const char* type) {
    const nlohmann::json& first = results["aggregate"][type][0];
    return first["mean"].is_number() && first["std"].is_number()
               ? fmt::format("{:.2f} ± {:.2f}", first["mean"].get<double>(),
                             first["std"].get<double>())
               : std::string("-");
  };
  return fmt::format("{}, {} runs: verified {}, original {} (mean ± deviation)\n",
                     models[0].get<std::string>(), runs, score("verified"), score("original"));
}

}  // namespace

std::string format_physics_iq_summary(const std::string& directory) {
  const nlohmann::json results = read_json(directory + "/results.json");
  const auto percent = [](const nlohmann::json& value, double scale) {
    return value.is_number() ? fmt::format("{:.2f}", scale * value.get<double>())
                             : std::string("-");
  };
  std::string text =
      fmt::format("Physics-IQ, {}, masks: {}\ndecoding: {}\n\n{:<28} {:>9} {:>9} {:>8} {:>6}\n",
                  results["name"] == "own set"
                      ? std::string("a set of your own")
                      : results["settings"]["ground_truth"].get<std::string>() + " ground truth",
                  results["settings"]["masks"].get<std::string>(),
                  results["settings"]["decode"].get<std::string>(), "run", "verified", "original",
                  "(hist.)", "fps");
  for (const auto& run : results["runs"]) {
    const auto& scores = run["scores"];
    if (scores.is_null()) {
      text += fmt::format("{:<28} not scored, views failed\n", run["name"].get<std::string>());
      continue;
    }
    const std::string fps =
        run["fps"].is_number() ? fmt::format("{:.4g}", run["fps"].get<double>()) : "mixed";
    text += fmt::format("{:<28} {:>9} {:>9} {:>8} {:>6}\n", run["name"].get<std::string>(),
                        percent(scores["final_score_view"], 100.0),
                        percent(scores["final_score_orig"], 100.0),
                        percent(scores["final_score_origround"], 1.0), fps);
  }
  // The interval of the score that the ground truth's leaderboard lists.
  const bool is_original = results["settings"]["ground_truth"] == "original";
  for (const auto& score : results["scores"]) {
    if (!score["label"].get<std::string>().empty() ||
        score["name"] != (is_original ? "physics_iq_original" : "physics_iq_verified"))
      continue;
    text += fmt::format("{}, {}: {}", is_original ? "original" : "verified",
                        score["run"].get<std::string>(), percent(score["value"], 1.0));
    if (score["interval"]["low"].is_number())
      text += fmt::format(" [{}, {}]", percent(score["interval"]["low"], 1.0),
                          percent(score["interval"]["high"], 1.0));
    const auto scenes = score["n"].get<int64_t>();
    text += fmt::format(" over {} {}\n", scenes, scenes == 1 ? "scene" : "scenes");
  }
  text += seeds_line(results);
  for (const auto& run : results["runs"]) {
    if (!run.contains("baselines")) continue;  // of a run whose views failed
    text += "\nbaselines (verified / original)\n";
    for (const auto& [name, baseline] : run["baselines"].items())
      text += fmt::format("  {:<32} {:>7} / {:>7}\n", baseline["text"].get<std::string>(),
                          percent(baseline["verified"], 1.0), percent(baseline["original"], 1.0));
    break;
  }
  for (const auto& run : results["runs"]) {
    if (!run.contains("causes")) continue;
    text += fmt::format("\ncauses, {}\n", run["name"].get<std::string>());
    for (const auto& [cause, count] : run["causes"].items())
      text += fmt::format("  {:<32} {:>3}\n", cause, count.get<int64_t>());
  }
  for (const auto& place : results["places"])
    text += fmt::format("{} leaderboard, {}: {} ({:.1f}, {} runs) would be place {} of {}\n",
                        place["leaderboard"].get<std::string>(), place["input"].get<std::string>(),
                        place["model"].get<std::string>(), place["score"].get<double>(),
                        place["runs"].get<int64_t>(), place["place"].get<int64_t>(),
                        place["of"].get<int64_t>());
  for (const auto& note : results["notes"])
    if (note.get<std::string>().rfind("no leaderboard number", 0) == 0)
      text += "\n" + note.get<std::string>() + "\n";
  return text;
}

}  // namespace physprobe

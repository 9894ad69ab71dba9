#include "physprobe/eval/physics_iq/comparison.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/not_a_number.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/score_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
using Key = std::pair<std::string, std::string>;
constexpr double kTwoSided95 = 1.959963984540054;

/// One evaluation as the comparison needs it.
struct Side {
  nlohmann::json results;
  std::map<Key, std::vector<double>> scores;  // (scenario, view) -> percent, one per run
  std::size_t runs = 0;
};

Side read_side(const std::string& directory) {
  if (!std::filesystem::exists(directory + "/COMPLETE"))
    throw Error(ErrorKind::kInput, directory,
                std::filesystem::exists(directory)
                    ? "holds no finished evaluation (COMPLETE is missing); start its command again"
                    : "does not exist");
  Side side;
  side.results = read_json(directory + "/results.json");
  if (side.results.value("kind", std::string()) != "physics-iq")
    throw Error(ErrorKind::kIncompatible, directory, "is no evaluation of score physics-iq");
  for_each_json_line(directory + "/items.jsonl", [&](int64_t, const nlohmann::json& line) {
    if (line.at("score").is_number())
      side.scores[{line.at("scenario"), line.at("view")}].push_back(line.at("score"));
  });
  side.runs = side.results.at("runs").size();
  return side;
}

void require_comparable(const Side& a, const Side& b, const std::string& name) {
  const auto require = [&](const nlohmann::json& x, const nlohmann::json& y, const char* what) {
    if (x != y)
      throw Error(ErrorKind::kIncompatible, name,
                  fmt::format("differs from the first evaluation in {}: {} against {}; scores of "
                              "different protocols are not put side by side",
                              what, dump_json(y), dump_json(x)));
  };
  require(a.results.at("protocol"), b.results.at("protocol"), "protocol");
  require(a.results.at("name"), b.results.at("name"), "set");
  for (const char* key :
       {"masks", "threshold", "decode", "real_masks", "first_frames", "resample_fps"})
    require(a.results.at("settings").at(key), b.results.at("settings").at(key), key);
}

/// What a reader has to know before he trusts the difference.
std::vector<std::string> warnings_of(const Side& a, const Side& b) {
  std::vector<std::string> warnings;
  std::set<std::string> rates;
  for (const Side* side : {&a, &b}) {
    std::set<std::string> models;
    for (const nlohmann::json& run : side->results.at("runs")) {
      models.insert(model_of_run(run.at("name").get<std::string>()));
      const nlohmann::json& fps = run.at("fps");
      rates.insert(fps.is_number() ? fmt::format("{:.4g}", fps.get<double>()) : "several");
    }
    if (models.size() > 1)
      warnings.push_back(
          fmt::format("one side holds runs of {} models ({}): their mean is no model's score and "
                      "their deviation is not that of seeds",
                      models.size(), fmt::join(models, ", ")));
  }
  if (rates.size() > 1)
    warnings.push_back(fmt::format(
        "runs at {} fps: ceilings depend on the rate, so the scores are not strictly comparable",
        fmt::join(rates, ", ")));
  const auto dropped = [](const Side& side) {
    return side.results.at("settings").at("drop_first").get<int64_t>();
  };
  if (dropped(a) != dropped(b))
    warnings.push_back(
        fmt::format("frames left out at the start of generated videos differ: {} against {}",
                    dropped(a), dropped(b)));
  return warnings;
}

/// Mean over runs of a score in percent, NaN if undefined.
double headline(const Side& side, const char* type) {
  const nlohmann::json& list = side.results.at("aggregate").at(type);
  return list.empty() || !list.at(0).at("mean").is_number() ? kNaN
                                                            : list.at(0).at("mean").get<double>();
}

/// Deviation of a sample's score from seed to seed, pooled over samples and sides; NaN when every
/// side has one run.
double seed_deviation(const Side& a, const Side& b) {
  double squares = 0.0;
  int64_t degrees = 0;
  for (const Side* side : {&a, &b}) {
    for (const auto& [key, values] : side->scores) {
      if (values.size() < 2) continue;
      squares += variance(values, 1) * static_cast<double>(values.size() - 1);
      degrees += static_cast<int64_t>(values.size()) - 1;
    }
  }
  return degrees == 0 ? kNaN : std::sqrt(squares / static_cast<double>(degrees));
}

}  // namespace

Json compare_physics_iq(const std::string& directory_a,
                        const std::string& directory_b,
                        const BootstrapOptions& statistics) {
  const Side a = read_side(directory_a);
  const Side b = read_side(directory_b);
  require_comparable(a, b, directory_b);
  const double deviation = seed_deviation(a, b);
  std::vector<double> differences;
  std::vector<std::string> scenes;
  Json samples = Json::array();
  int64_t worse = 0;
  int64_t better = 0;
  for (const auto& [key, of_a] : a.scores) {
    const auto found = b.scores.find(key);
    if (found == b.scores.end()) continue;
    const double change = mean(found->second) - mean(of_a);
    const double noise = kTwoSided95 * deviation *
                         std::sqrt(1.0 / static_cast<double>(of_a.size()) +
                                   1.0 / static_cast<double>(found->second.size()));
    const bool is_beyond = std::isfinite(noise) && std::abs(change) > noise;
    if (is_beyond) ++(change < 0.0 ? worse : better);
    differences.push_back(change);
    scenes.push_back(key.first);
    samples.push_back({{"scenario", key.first},
                       {"view", key.second},
                       {"a", mean(of_a)},
                       {"b", mean(found->second)},
                       {"change", change},
                       {"beyond_noise", std::isfinite(noise) ? Json(is_beyond) : Json()}});
  }
  if (differences.empty())
    throw Error(ErrorKind::kInput, directory_b,
                "shares no (scene, view) with the first evaluation");
  std::stable_sort(samples.begin(), samples.end(), [](const Json& x, const Json& y) {
    return x["change"].get<double>() < y["change"].get<double>();
  });
  const Interval interval = bootstrap_mean_clustered(differences, scenes, statistics);
  const auto side_json = [&](const std::string& directory, const Side& side) {
    return Json{{"directory", directory},
                {"runs", side.runs},
                {"verified", finite_or_null(headline(side, "verified"))},
                {"original", finite_or_null(headline(side, "original"))},
                {"places", side.results.at("places")}};
  };
  return Json{
      {"protocol", a.results.at("protocol").get<std::string>()},
      {"warnings", warnings_of(a, b)},
      {"a", side_json(directory_a, a)},
      {"b", side_json(directory_b, b)},
      {"verified_change", finite_or_null(headline(b, "verified") - headline(a, "verified"))},
      {"original_change", finite_or_null(headline(b, "original") - headline(a, "original"))},
      {"paired_change",
       {{"value", mean(differences)},
        {"n", differences.size()},
        {"low", finite_or_null(interval.low)},
        {"high", finite_or_null(interval.high)},
        {"level", interval.level},
        {"method", interval.method}}},
      {"seed_deviation", finite_or_null(deviation)},
      {"samples_worse", worse},
      {"samples_better", better},
      {"only_in_one", a.scores.size() + b.scores.size() - 2 * differences.size()},
      {"samples", samples}};
}

std::string format_physics_iq_comparison(const Json& comparison, int64_t most_samples) {
  const auto text_of = [](const Json& value) {
    return value.is_number() ? fmt::format("{:+.2f}", value.get<double>()) : std::string("-");
  };
  const auto plain = [](const Json& value) {
    return value.is_number() ? fmt::format("{:.2f}", value.get<double>()) : std::string("-");
  };
  std::string text = comparison["protocol"].get<std::string>() + "\n";
  for (const char* side : {"a", "b"}) {
    const Json& s = comparison[side];
    text += fmt::format("{}  verified {:>6}  original {:>6}  {} run(s)  {}\n", side,
                        plain(s["verified"]), plain(s["original"]), s["runs"].get<int64_t>(),
                        s["directory"].get<std::string>());
    for (const Json& place : s["places"])
      text += fmt::format("   {}: place {} of {} on the {} leaderboard, {}\n",
                          place["model"].get<std::string>(), place["place"].get<int64_t>(),
                          place["of"].get<int64_t>(), place["leaderboard"].get<std::string>(),
                          place["input"].get<std::string>());
  }
  const Json& paired = comparison["paired_change"];
  text +=
      fmt::format("change (b - a): verified {}, original {}; paired by sample {} [{}, {}]\n",
                  text_of(comparison["verified_change"]), text_of(comparison["original_change"]),
                  text_of(paired["value"]), plain(paired["low"]), plain(paired["high"]));
  if (comparison["seed_deviation"].is_null()) {
    text += "one run on each side: the noise of seeds is unknown, no change is marked\n";
  } else {
    text +=
        fmt::format("beyond the noise of seeds (deviation {}): {} worse, {} better\n",
                    plain(comparison["seed_deviation"]), comparison["samples_worse"].get<int64_t>(),
                    comparison["samples_better"].get<int64_t>());
  }
  for (const Json& warning : comparison["warnings"])
    text += "warning: " + warning.get<std::string>() + "\n";
  if (const auto alone = comparison["only_in_one"].get<int64_t>(); alone > 0)
    text += fmt::format(
        "warning: {} scored samples are in one evaluation only; they are in its scores, but not in "
        "the paired change\n",
        alone);
  int64_t shown = 0;
  for (const Json& sample : comparison["samples"]) {
    if (shown++ == most_samples) break;
    const bool is_beyond =
        sample["beyond_noise"].is_boolean() && sample["beyond_noise"].get<bool>();
    text += fmt::format("{} {:>8} {:>7} -> {:>6}  {} {}\n", is_beyond ? "*" : " ",
                        text_of(sample["change"]), plain(sample["a"]), plain(sample["b"]),
                        sample["scenario"].get<std::string>(), sample["view"].get<std::string>());
  }
  const auto total = static_cast<int64_t>(comparison["samples"].size());
  if (total > most_samples)
    text += fmt::format("  and {} more (--json lists all)\n", total - most_samples);
  return text;
}

bool physics_iq_condition_holds(const Json& comparison, const std::string& condition) {
  const std::size_t at = condition.find_first_of("<>");
  const auto malformed = [&](const std::string& reason) {
    return Error(ErrorKind::kUsage, "--fail-if",
                 fmt::format("'{}' {}; expected such as score_drop>1.0", condition, reason));
  };
  if (at == std::string::npos) throw malformed("has no < or >");
  const std::string name = condition.substr(0, at);
  const bool allows_equal = at + 1 < condition.size() && condition[at + 1] == '=';
  const std::string limit_text = condition.substr(at + (allows_equal ? 2 : 1));
  double limit = 0.0;
  const auto parsed =
      std::from_chars(limit_text.data(), limit_text.data() + limit_text.size(), limit);
  if (parsed.ec != std::errc() || parsed.ptr != limit_text.data() + limit_text.size())
    throw malformed("has no number after the sign");
  const auto drop = [&](const char* key) {
    const Json& change = comparison.at(key);
    return change.is_number() ? -change.get<double>() : kNaN;
  };
  double value = 0.0;
  if (name == "verified_drop") {
    value = drop("verified_change");
  } else if (name == "original_drop") {
    value = drop("original_change");
  } else if (name == "score_drop") {
    value = drop(comparison.at("protocol").get<std::string>().find("verified") != std::string::npos
                     ? "verified_change"
                     : "original_change");
  } else if (name == "samples_worse") {
    value = comparison.at("samples_worse").get<double>();
  } else {
    throw malformed("names nothing known" + did_you_mean(name, {"score_drop", "verified_drop",
                                                                "original_drop", "samples_worse"}));
  }
  // An undefined score must not let a scheduled job pass.
  if (std::isnan(value)) return true;
  if (condition[at] == '>') return allows_equal ? value >= limit : value > limit;
  return allows_equal ? value <= limit : value < limit;
}

}  // namespace physprobe

#include "physprobe/eval/voe/trajectory_scores.h"

#include "physprobe/core/statistics/proportion.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/voe/context_selection.h"
#include "physprobe/probes/geophys.h"

#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 5> kStatistics = {"speed", "curv", "ang", "accel", "perr"};

std::array<std::optional<double>, 5> values_of(const GeophysStatistics& statistics) {
  return {statistics.speed, statistics.curv, statistics.ang, statistics.accel, statistics.perr};
}

}  // namespace

Json trajectory_scores(const SurpriseRun& run) {
  std::map<std::string, std::array<std::optional<double>, 5>> by_id;
  for (const SurpriseRunItem& item : run.items)
    by_id[item.item->id] = values_of(geophys_statistics(item.model.video.trajectory));
  std::set<std::string> properties;
  const SurpriseSet& set = run.models.front().set;
  for (const SurpriseItem& item : set.items) properties.insert(item.property);
  Json scores = Json::array();
  for (const std::string& property : properties) {
    std::vector<PairProblem> known;  // named by score_surprise already
    const std::vector<SurprisePair> pairs = surprise_pairs(set, property, known);
    SweepOutcomes outcomes(kStatistics.size());
    for (std::size_t s = 0; s < kStatistics.size(); ++s) {
      std::vector<double> possible;
      std::vector<double> impossible;
      for (const SurprisePair& pair : pairs) {
        const std::optional<double> a = by_id.at(pair.possible->id)[s];
        const std::optional<double> b = by_id.at(pair.impossible->id)[s];
        outcomes[s].push_back(!a || !b || *a == *b ? int8_t{0} : *a < *b ? int8_t{1} : int8_t{-1});
        if (!a || !b) continue;
        possible.push_back(*a);
        impossible.push_back(*b);
      }
      const RelativeAccuracy accuracy = relative_accuracy(possible, impossible);
      const Interval interval = wilson_interval(accuracy.right, accuracy.n);
      scores.push_back(Json{{"property", property},
                            {"statistic", kStatistics[s]},
                            {"value", pair_number(accuracy.strict)},
                            {"n", accuracy.n},
                            {"ties", accuracy.ties},
                            {"half_credit", pair_number(accuracy.half_credit)},
                            {"undefined", static_cast<int64_t>(pairs.size()) - accuracy.n},
                            {"interval", Json{{"low", pair_number(100.0 * interval.low)},
                                              {"high", pair_number(100.0 * interval.high)}}},
                            {"chance", 50.0}});
    }
    const AnyRowOracle oracle = any_row_oracle(outcomes);
    scores.push_back(Json{{"property", property},
                          {"statistic", "any of the five (oracle, no accuracy)"},
                          {"value", pair_number(oracle.share)},
                          {"n", pairs.size()},
                          {"chance", pair_number(oracle.chance)}});
  }
  return scores;
}

}  // namespace physprobe

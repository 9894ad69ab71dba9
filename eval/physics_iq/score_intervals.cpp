#include "physprobe/eval/physics_iq/score_intervals.h"

#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/summary.h"

#include <cmath>
#include <limits>
#include <map>

namespace physprobe {

Interval verified_interval(const ResultTable& table, const BootstrapOptions& options) {
  std::vector<double> values;
  std::vector<std::string> scenes;
  for (const SampleScore& sample : sample_scores(table)) {
    if (!std::isfinite(sample.arithmetic)) continue;
    values.push_back(sample.arithmetic);
    scenes.push_back(sample.scenario);
  }
  return bootstrap_mean_clustered(values, scenes, options);
}

Interval original_interval(const ResultTable& table, const BootstrapOptions& options) {
  options.validate();
  Interval interval;
  interval.n = static_cast<int64_t>(table.rows.size());
  interval.level = options.level;
  interval.low = interval.high = std::numeric_limits<double>::quiet_NaN();
  interval.method = "none";
  if (table.rows.size() < 2) return interval;
  // The score needs only each scene's means: a table of one scene gives them.
  std::vector<PhysicsIqScores> scenes;
  for (const ResultRow& row : table.rows) {
    ResultTable one = table;
    one.rows = {row};
    scenes.push_back(score_physics_iq(one, ListLengths::kAny));
  }
  Rng rng(derive_seed(options.seed, "physics-iq original score"));
  std::vector<double> statistics;
  for (int64_t i = 0; i < options.resamples; ++i) {
    double st = 0, sp = 0, ws = 0, mse = 0, var_st = 0, var_sp = 0, var_ws = 0, var_mse = 0;
    for (std::size_t k = 0; k < scenes.size(); ++k) {
      const PhysicsIqScores& s = scenes[rng.below(scenes.size())];
      // value = ratio * ceiling; where the ceiling is 0 the scene brings nothing but its zero.
      const auto value = [](double ratio, double ceiling) {
        return ceiling > 0.0 ? ratio * ceiling : 0.0;
      };
      st += value(s.score_spatiotemporal, s.variance_spatiotemporal_iou);
      sp += value(s.score_spatial, s.variance_spatial);
      ws += value(s.score_weighted_spatial, s.variance_weighted_spatial);
      mse += s.score_mse + s.variance_mse;
      var_st += s.variance_spatiotemporal_iou;
      var_sp += s.variance_spatial;
      var_ws += s.variance_weighted_spatial;
      var_mse += s.variance_mse;
    }
    const double score = (st / var_st + sp / var_sp + ws / var_ws) / 3.0 -
                         (mse - var_mse) / static_cast<double>(scenes.size());
    if (std::isfinite(score)) statistics.push_back(score);
  }
  if (statistics.empty()) return interval;
  interval.low = quantile(statistics, 0.5 - 0.5 * options.level);
  interval.high = quantile(statistics, 0.5 + 0.5 * options.level);
  interval.method = "percentile";
  return interval;
}

PairedDifference paired_difference(const std::vector<SampleScore>& a,
                                   const std::vector<SampleScore>& b,
                                   const BootstrapOptions& options) {
  std::map<std::pair<std::string, std::string>, double> of_a;
  for (const SampleScore& sample : a) of_a[{sample.scenario, sample.view}] = sample.arithmetic;
  std::vector<double> differences;
  std::vector<std::string> scenes;
  for (const SampleScore& sample : b) {
    const auto found = of_a.find({sample.scenario, sample.view});
    if (found == of_a.end()) continue;
    const double difference = sample.arithmetic - found->second;
    if (!std::isfinite(difference)) continue;
    differences.push_back(difference);
    scenes.push_back(sample.scenario);
  }
  PairedDifference result;
  result.samples = static_cast<int64_t>(differences.size());
  result.mean = mean(differences);
  result.interval = bootstrap_mean_clustered(differences, scenes, options);
  return result;
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/scores.h"

#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/not_a_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

constexpr double kEpsilon = 1e-8;  // the evaluator's guard against division by zero

using ListOf = std::vector<double> ViewMetrics::*;
using ScalarOf = double ViewMetrics::*;

/// Sequential sums, in table order: the historical rounding can sit on a tie.
struct RunningMean {
  double sum = 0.0;
  int64_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  void add_known(double value) {
    if (!std::isnan(value)) add(value);
  }
  void add_all(const std::vector<double>& values) {
    for (const double value : values) add(value);
  }
  double mean() const { return count == 0 ? kNaN : sum / static_cast<double>(count); }
};

double clipped(double value) {
  return std::isnan(value) ? value : std::clamp(value, 0.0, 1.0);
}

double list_mean(const std::vector<double>& values) {
  RunningMean mean;
  mean.add_all(values);
  return mean.mean();
}

/// One scene's value: the mean over the frames of all views, or over the views that are known.
double scene_value(const ResultRow& row, ListOf list) {
  RunningMean mean;
  for (const auto& [view, metrics] : row.views) mean.add_all(metrics.*list);
  return mean.mean();
}
double scene_value(const ResultRow& row, ScalarOf scalar) {
  RunningMean mean;
  for (const auto& [view, metrics] : row.views) mean.add_known(metrics.*scalar);
  return mean.mean();
}

template <typename Member>
double mean_over_scenes(const ResultTable& table, Member member) {
  RunningMean mean;
  for (const ResultRow& row : table.rows) mean.add_known(scene_value(row, member));
  return mean.mean();
}

void require_even_lists(const ResultTable& table, ListOf list, const char* name) {
  for (const std::string& view : table.views) {
    const ResultRow& first = table.rows.front();
    for (const ResultRow& row : table.rows) {
      if (row.views.count(view) == 0)
        throw Error(ErrorKind::kInput, table.source,
                    fmt::format("scene '{}' has no view '{}'", row.scenario, view));
    }
    const std::size_t expected = (first.views.at(view).*list).size();
    for (const ResultRow& row : table.rows) {
      const std::size_t found = (row.views.at(view).*list).size();
      if (found == expected) continue;
      throw Error(ErrorKind::kInput, table.source,
                  fmt::format("column '{}_perspective-{}' has {} numbers for '{}' and {} for '{}'; "
                              "all lists of a column must have one length",
                              name, view, expected, first.scenario, found, row.scenario));
    }
  }
}

void require_complete(const ResultTable& table, ListLengths lengths) {
  if (table.rows.empty())
    throw Error(ErrorKind::kInput, table.source, "has no rows; nothing can be scored");
  if (!table.missing_columns.empty())
    throw Error(ErrorKind::kInput, table.source,
                fmt::format("lacks the column{} {}", table.missing_columns.size() == 1 ? "" : "s",
                            fmt::join(table.missing_columns, ", ")));
  if (lengths == ListLengths::kAny) return;
  require_even_lists(table, &ViewMetrics::spatiotemporal_iou_v1, "spatiotemporal_iou_v1");
  require_even_lists(table, &ViewMetrics::mse_v1, "v1_mse");
  require_even_lists(table, &ViewMetrics::variance_spatiotemporal_iou,
                     "variance_spatiotemporal_iou");
  require_even_lists(table, &ViewMetrics::variance_mse, "variance_mse");
}

/// What a sample or scene brings to its scores: values x and ceilings r.
struct Values {
  double spatial, weighted_spatial, spatiotemporal, mse;
};

SampleScore relate(const Values& x, const Values& r) {
  SampleScore score;
  score.spatial = x.spatial / (r.spatial + kEpsilon);
  score.weighted_spatial = x.weighted_spatial / (r.weighted_spatial + kEpsilon);
  score.spatiotemporal = x.spatiotemporal / (r.spatiotemporal + kEpsilon);
  score.mse = 1.0 / (x.mse / (r.mse + kEpsilon));  // in this order, as the evaluator divides
  double product = 1.0;
  double sum = 0.0;
  double inverse_sum = 0.0;
  for (const double q : {score.spatial, score.weighted_spatial, score.spatiotemporal, score.mse}) {
    sum += clipped(q);
    product *= clipped(q);
    inverse_sum += 1.0 / clipped(q + kEpsilon);
  }
  score.arithmetic = sum / 4.0;
  score.geometric = std::pow(product, 0.25);
  score.harmonic = 4.0 / inverse_sum;
  return score;
}

double mean_of(const std::vector<SampleScore>& samples,
               double SampleScore::*member,
               bool is_clipped) {
  RunningMean mean;
  for (const SampleScore& sample : samples)
    mean.add_known(is_clipped ? clipped(sample.*member) : sample.*member);
  return mean.mean();
}

/// Mean over views of (mean over scenes and frames); views without the column are left out.
double mean_over_views(const ResultTable& table, ListOf list) {
  RunningMean views;
  for (const std::string& view : table.views) {
    RunningMean frames;
    for (const ResultRow& row : table.rows) {
      const auto found = row.views.find(view);
      if (found != row.views.end()) frames.add_all(found->second.*list);
    }
    views.add_known(frames.mean());
  }
  return views.mean();
}
double mean_over_views(const ResultTable& table, ScalarOf scalar) {
  RunningMean views;
  for (const std::string& view : table.views) {
    RunningMean scenes;
    for (const ResultRow& row : table.rows) {
      const auto found = row.views.find(view);
      if (found != row.views.end()) scenes.add_known(found->second.*scalar);
    }
    views.add_known(scenes.mean());
  }
  return views.mean();
}

}  // namespace

double round_scaled(double value, int digits) {
  const double scale = std::pow(10.0, digits);
  const double scaled = value * scale;
  return std::isfinite(scaled) ? std::nearbyint(scaled) / scale : value;
}

std::vector<std::pair<std::string, double>> PhysicsIqScores::entries() const {
  return {{"score_spatiotemporal", score_spatiotemporal},
          {"score_spatial", score_spatial},
          {"score_weighted_spatial", score_weighted_spatial},
          {"score_mse", score_mse},
          {"final_score_raw", final_score_raw},
          {"final_score_stable", final_score_stable},
          {"final_score_orig", final_score_orig},
          {"variance_mse", variance_mse},
          {"variance_spatiotemporal_iou", variance_spatiotemporal_iou},
          {"variance_spatial", variance_spatial},
          {"variance_weighted_spatial", variance_weighted_spatial},
          {"final_score_view", final_score_view},
          {"score_spatiotemporal_view", score_spatiotemporal_view},
          {"score_spatial_view", score_spatial_view},
          {"score_weighted_spatial_view", score_weighted_spatial_view},
          {"score_mse_view", score_mse_view},
          {"final_score_origround", final_score_origround}};
}

std::vector<SampleScore> sample_scores(const ResultTable& table) {
  std::vector<SampleScore> scores;
  for (const ResultRow& row : table.rows) {
    for (const std::string& view : table.views) {
      const auto found = row.views.find(view);
      if (found == row.views.end()) continue;
      const ViewMetrics& m = found->second;
      SampleScore score =
          relate({m.spatial_iou_v1, m.weighted_spatial_iou_v1, list_mean(m.spatiotemporal_iou_v1),
                  list_mean(m.mse_v1)},
                 {m.variance_spatial, m.variance_weighted_spatial,
                  list_mean(m.variance_spatiotemporal_iou), list_mean(m.variance_mse)});
      score.scenario = row.scenario;
      score.view = view;
      scores.push_back(std::move(score));
    }
  }
  return scores;
}

std::vector<SampleScore> scene_scores(const ResultTable& table) {
  std::vector<SampleScore> scores;
  for (const ResultRow& row : table.rows) {
    SampleScore score = relate({scene_value(row, &ViewMetrics::spatial_iou_v1),
                                scene_value(row, &ViewMetrics::weighted_spatial_iou_v1),
                                scene_value(row, &ViewMetrics::spatiotemporal_iou_v1),
                                scene_value(row, &ViewMetrics::mse_v1)},
                               {scene_value(row, &ViewMetrics::variance_spatial),
                                scene_value(row, &ViewMetrics::variance_weighted_spatial),
                                scene_value(row, &ViewMetrics::variance_spatiotemporal_iou),
                                scene_value(row, &ViewMetrics::variance_mse)});
    score.scenario = row.scenario;
    scores.push_back(std::move(score));
  }
  return scores;
}

HistoricalScore historical_score(const ResultTable& table) {
  if (table.rows.empty())
    throw Error(ErrorKind::kInput, table.source, "has no rows; nothing can be scored");
  const double st =
      round_scaled(mean_over_views(table, &ViewMetrics::variance_spatiotemporal_iou), 4);
  const double sp = round_scaled(mean_over_views(table, &ViewMetrics::variance_spatial), 5);
  const double ws =
      round_scaled(mean_over_views(table, &ViewMetrics::variance_weighted_spatial), 4);
  const double mse = round_scaled(mean_over_views(table, &ViewMetrics::variance_mse), 4);
  const double ratio = (mean_over_scenes(table, &ViewMetrics::spatiotemporal_iou_v1) / st +
                        mean_over_views(table, &ViewMetrics::spatial_iou_v1) / sp +
                        mean_over_views(table, &ViewMetrics::weighted_spatial_iou_v1) / ws) /
                       3.0;
  const double percent = 100.0 * (ratio - (mean_over_scenes(table, &ViewMetrics::mse_v1) - mse));
  HistoricalScore score;
  score.final_score_origround =
      std::isnan(percent) ? percent : round_scaled(std::clamp(percent, 0.0, 100.0), 2);
  score.physical_variance_all_metrics = round_scaled(st + sp + ws - mse, 4);
  return score;
}

PhysicsIqScores score_physics_iq(const ResultTable& table, ListLengths lengths) {
  require_complete(table, lengths);
  PhysicsIqScores s;
  s.variance_spatiotemporal_iou =
      mean_over_scenes(table, &ViewMetrics::variance_spatiotemporal_iou);
  s.variance_spatial = mean_over_scenes(table, &ViewMetrics::variance_spatial);
  s.variance_weighted_spatial = mean_over_scenes(table, &ViewMetrics::variance_weighted_spatial);
  s.variance_mse = mean_over_scenes(table, &ViewMetrics::variance_mse);
  s.score_spatiotemporal =
      mean_over_scenes(table, &ViewMetrics::spatiotemporal_iou_v1) / s.variance_spatiotemporal_iou;
  s.score_spatial = mean_over_scenes(table, &ViewMetrics::spatial_iou_v1) / s.variance_spatial;
  s.score_weighted_spatial =
      mean_over_scenes(table, &ViewMetrics::weighted_spatial_iou_v1) / s.variance_weighted_spatial;
  s.score_mse = mean_over_scenes(table, &ViewMetrics::mse_v1) - s.variance_mse;
  s.final_score_raw =
      (s.score_spatiotemporal + s.score_spatial + s.score_weighted_spatial) / 3.0 - s.score_mse;
  s.final_score_orig = clipped(s.final_score_raw);
  s.final_score_stable = clipped((clipped(s.score_spatiotemporal) + clipped(s.score_spatial) +
                                  clipped(s.score_weighted_spatial)) /
                                     3.0 -
                                 clipped(s.score_mse));
  const std::vector<SampleScore> samples = sample_scores(table);
  s.final_score_view = mean_of(samples, &SampleScore::arithmetic, false);
  s.score_spatiotemporal_view = mean_of(samples, &SampleScore::spatiotemporal, true);
  s.score_spatial_view = mean_of(samples, &SampleScore::spatial, true);
  s.score_weighted_spatial_view = mean_of(samples, &SampleScore::weighted_spatial, true);
  s.score_mse_view = mean_of(samples, &SampleScore::mse, true);
  s.final_score_origround = historical_score(table).final_score_origround;
  return s;
}

std::string format_sample_scores(const std::vector<SampleScore>& scores) {
  const bool has_views = std::any_of(scores.begin(), scores.end(),
                                     [](const SampleScore& s) { return !s.view.empty(); });
  std::vector<std::string> heading;
  heading.reserve(9);
  heading.emplace_back("scenario");
  if (has_views) heading.emplace_back("view");
  for (const char* name :
       {"spatial_iou_v1_score", "weighted_spatial_iou_v1_score", "spatiotemporal_iou_v1_score",
        "v1_mse_score", "final_arithmetic", "final_geometric", "final_harmonic"})
    heading.emplace_back(name);
  CsvWriter csv(heading);
  for (const SampleScore& s : scores) {
    csv.cell(s.scenario);
    if (has_views) csv.cell("perspective-" + s.view);
    for (const double value : {s.spatial, s.weighted_spatial, s.spatiotemporal, s.mse, s.arithmetic,
                               s.geometric, s.harmonic}) {
      // The evaluator writes an infinite ratio (no error at all) as a word.
      std::isinf(value) ? csv.cell("inf") : csv.cell(value);
    }
    csv.end_row();
  }
  return csv.text();
}

}  // namespace physprobe

#include "physprobe/probes/geophys_best_of_n.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/probes/embedding_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>

namespace physprobe {
namespace {

using Rule = BestOfNOptions::Rule;

at::Tensor read_table(const at::Tensor& values, const char* subject, const char* expected) {
  at::Tensor table = embedding_values(values, subject).to(at::kDouble);
  if (table.dim() != 2 || table.numel() == 0) {
    std::ostringstream shape;
    shape << "shape is " << table.sizes() << ", expected " << expected;
    throw Error(ErrorKind::kInput, subject, shape.str());
  }
  return table;
}

/// What each candidate that is in adds to its sum for one statistic.
std::vector<double> contributions(const std::vector<double>& pool, Rule rule) {
  std::vector<double> result;
  if (rule == Rule::kSumZ) {
    const auto [least, greatest] = std::minmax_element(pool.begin(), pool.end());
    if (*least == *greatest) return std::vector<double>(pool.size(), 0.0);
    const double centre = mean(pool);
    const double spread = std::sqrt(variance(pool, 0));
    for (const double u : pool) result.push_back((u - centre) / spread);
  } else if (rule == Rule::kSumRank) {
    for (const double u : pool) {
      const auto below = std::count_if(pool.begin(), pool.end(), [u](double v) { return v < u; });
      const auto equal = std::count(pool.begin(), pool.end(), u);
      result.push_back(static_cast<double>(below) + 0.5 * static_cast<double>(equal + 1));
    }
  } else if (rule == Rule::kSumLog) {
    for (const double u : pool) result.push_back(std::log(u));
  } else {
    result = pool;
  }
  return result;
}

}  // namespace

BestOfNChoice best_of_n(const at::Tensor& statistics, const BestOfNOptions& options) {
  const at::Tensor table = read_table(statistics, "statistics", "(candidates, statistics)");
  const int64_t n_candidates = table.size(0);
  const int64_t n_statistics = table.size(1);
  if (options.rule == Rule::kSingle &&
      (options.statistic < 0 || options.statistic >= n_statistics)) {
    throw Error(ErrorKind::kUsage, "statistic",
                "is " + std::to_string(options.statistic) + ", expected 0 to " +
                    std::to_string(n_statistics - 1));
  }
  const double* values = table.data_ptr<double>();
  std::vector<int64_t> in;
  for (int64_t c = 0; c < n_candidates; ++c) {
    const double* row = values + c * n_statistics;
    for (int64_t k = 0; k < n_statistics; ++k) {
      if (std::isinf(row[k]) || (options.rule == Rule::kSumLog && row[k] < 0.0)) {
        throw Error(ErrorKind::kInput, "statistics",
                    "candidate " + std::to_string(c) + " statistic " + std::to_string(k) + " is " +
                        std::to_string(row[k]) + ", expected a finite number" +
                        (options.rule == Rule::kSumLog ? " that is not negative" : "") +
                        ", or NaN where it is undefined");
      }
    }
    if (std::none_of(row, row + n_statistics, [](double u) { return std::isnan(u); })) {
      in.push_back(c);
    }
  }
  BestOfNChoice choice;
  choice.value.assign(static_cast<size_t>(n_candidates), std::nullopt);
  choice.all_out = in.empty();
  if (choice.all_out) return choice;
  std::vector<double> sums(in.size(), 0.0);
  for (int64_t k = 0; k < n_statistics; ++k) {
    if (options.rule == Rule::kSingle && k != options.statistic) continue;
    std::vector<double> pool;
    pool.reserve(in.size());
    for (const int64_t c : in) pool.push_back(values[c * n_statistics + k]);
    const auto terms = contributions(pool, options.rule);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += terms[i];
  }
  for (size_t i = 0; i < in.size(); ++i) choice.value[static_cast<size_t>(in[i])] = sums[i];
  choice.candidate =
      in[static_cast<size_t>(std::min_element(sums.begin(), sums.end()) - sums.begin())];
  return choice;
}

BestOfNGain best_of_n_gain(const at::Tensor& quality, const std::vector<int64_t>& chosen) {
  const at::Tensor table = read_table(quality, "quality", "(scenarios, candidates)");
  const int64_t n_candidates = table.size(1);
  if (static_cast<int64_t>(chosen.size()) != table.size(0)) {
    throw Error(ErrorKind::kInput, "chosen candidates",
                std::to_string(chosen.size()) + " given, expected one for each of " +
                    std::to_string(table.size(0)) + " scenarios");
  }
  std::vector<double> picked, random, first, best;
  for (size_t s = 0; s < chosen.size(); ++s) {
    const double* row = table.data_ptr<double>() + static_cast<int64_t>(s) * n_candidates;
    const std::vector<double> pool(row, row + n_candidates);
    if (chosen[s] < 0 || chosen[s] >= n_candidates ||
        !std::all_of(pool.begin(), pool.end(), [](double q) { return std::isfinite(q); })) {
      throw Error(ErrorKind::kInput, "scenario " + std::to_string(s),
                  "candidate " + std::to_string(chosen[s]) + " lies outside 0 to " +
                      std::to_string(n_candidates - 1) + ", or a quality is not finite");
    }
    picked.push_back(pool[static_cast<size_t>(chosen[s])]);
    random.push_back(mean(pool));
    first.push_back(pool.front());
    best.push_back(*std::max_element(pool.begin(), pool.end()));
  }
  BestOfNGain gain;
  gain.chosen = mean(picked);
  gain.random = mean(random);
  gain.first = mean(first);
  gain.oracle = mean(best);
  gain.gap_closed = gain.oracle > gain.random
                        ? (gain.chosen - gain.random) / (gain.oracle - gain.random)
                        : std::numeric_limits<double>::quiet_NaN();
  return gain;
}

}  // namespace physprobe

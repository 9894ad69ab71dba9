#include "physprobe/core/statistics/tabulated_bootstrap.h"

#include "physprobe/core/error.h"
#include "physprobe/core/not_a_number.h"
#include "physprobe/core/statistics/binomial.h"
#include "physprobe/core/statistics/resampled_interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace physprobe {
namespace {

double ratio_of(const TabulatedStratum& stratum, const std::vector<int64_t>& counts) {
  double numerator = 0.0;
  double denominator = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    numerator += stratum.cells[i].numerator * static_cast<double>(counts[i]);
    denominator += stratum.cells[i].denominator * static_cast<double>(counts[i]);
  }
  return denominator > 0.0 ? numerator / denominator : kNaN;
}

struct Prepared {
  std::vector<TabulatedStratum> strata;      // those with units
  std::vector<std::vector<int64_t>> counts;  // per stratum
  int64_t n = 0;
};

Prepared prepare(const std::vector<TabulatedStratum>& strata) {
  Prepared prepared;
  for (const TabulatedStratum& stratum : strata) {
    std::vector<int64_t> counts;
    int64_t n = 0;
    for (const TabulatedCell& cell : stratum.cells) {
      if (cell.count < 0) {
        throw Error(ErrorKind::kInternal, "bootstrap_tabulated",
                    fmt::format("a cell counts {} units", cell.count));
      }
      counts.push_back(cell.count);
      n += cell.count;
    }
    if (n == 0) continue;
    prepared.strata.push_back(stratum);
    prepared.counts.push_back(std::move(counts));
    prepared.n += n;
  }
  return prepared;
}

double observed_statistic(const Prepared& prepared) {
  if (prepared.n == 0) return kNaN;
  double sum = 0.0;
  for (std::size_t s = 0; s < prepared.strata.size(); ++s)
    sum += prepared.strata[s].weight * ratio_of(prepared.strata[s], prepared.counts[s]);
  return sum;
}

/// From the empirical influence of a unit on its stratum's ratio, (x - ratio d) / mean(d).
double acceleration(const Prepared& prepared) {
  double cubes = 0.0;
  double squares = 0.0;
  for (std::size_t s = 0; s < prepared.strata.size(); ++s) {
    const TabulatedStratum& stratum = prepared.strata[s];
    const double ratio = ratio_of(stratum, prepared.counts[s]);
    double denominator = 0.0;
    for (const TabulatedCell& cell : stratum.cells)
      denominator += cell.denominator * static_cast<double>(cell.count);
    for (const TabulatedCell& cell : stratum.cells) {
      const double influence = stratum.weight * (cell.numerator - ratio * cell.denominator) /
                               denominator;  // divided by n already
      squares += static_cast<double>(cell.count) * influence * influence;
      cubes += static_cast<double>(cell.count) * influence * influence * influence;
    }
  }
  return squares > 0.0 ? cubes / (6.0 * std::pow(squares, 1.5)) : kNaN;
}

}  // namespace

void multinomial_draw(Rng& rng, const std::vector<int64_t>& counts, std::vector<int64_t>& drawn) {
  drawn.assign(counts.size(), 0);
  int64_t left = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  double total = static_cast<double>(left);
  for (std::size_t i = 0; i < counts.size() && left > 0; ++i) {
    const double share = static_cast<double>(counts[i]);
    // The last cell that is not empty takes what is left: its share of the total is then 1.
    drawn[i] = binomial_draw(rng, left, share >= total ? 1.0 : share / total);
    left -= drawn[i];
    total -= share;
  }
}

double tabulated_statistic(const std::vector<TabulatedStratum>& strata) {
  return observed_statistic(prepare(strata));
}

Interval bootstrap_tabulated(const std::vector<TabulatedStratum>& strata,
                             const BootstrapOptions& options) {
  options.validate();
  const Prepared prepared = prepare(strata);
  const double observed = observed_statistic(prepared);
  if (prepared.n < 2 || !std::isfinite(observed))
    return resampled_interval({}, observed, kNaN, prepared.n, options);
  std::vector<int64_t> drawn;
  const auto statistics = independent_draws(options.resamples, options.seed, [&](Rng& rng) {
    double sum = 0.0;
    for (std::size_t s = 0; s < prepared.strata.size(); ++s) {
      double ratio = kNaN;
      while (!std::isfinite(ratio)) {  // all denominators may have been left out of a draw
        multinomial_draw(rng, prepared.counts[s], drawn);
        ratio = ratio_of(prepared.strata[s], drawn);
      }
      sum += prepared.strata[s].weight * ratio;
    }
    return sum;
  });
  return resampled_interval(statistics, observed, acceleration(prepared), prepared.n, options);
}

}  // namespace physprobe

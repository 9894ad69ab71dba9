#pragma once
// The bootstrap of data that take few distinct values, in time independent of their number: drawing
// n units with replacement is drawing the counts of the distinct values from a multinomial
// distribution. Accuracy over pairs (both, one, none right) is of this kind.

#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/bootstrap.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace physprobe {

/// Units that all contribute the same: `count` of them, each with this numerator and denominator.
struct TabulatedCell {
  double numerator = 0.0;
  double denominator = 1.0;
  int64_t count = 0;
};

/// Units that are resampled among themselves (one task, say).
struct TabulatedStratum {
  std::vector<TabulatedCell> cells;
  double weight = 1.0;
};

/// Interval of sum over strata of weight * (sum of numerators / sum of denominators). One stratum
/// of weight 1 is the interval of a mean or ratio, as `bootstrap_mean` and `bootstrap_ratio` give
/// up to the resamples' randomness; several are a stratified mean. BCa's acceleration is that of
/// Davison and Hinkley (1997), equation 5.22 with the influence values of each stratum. `n` is the
/// number of units. Strata without units are left out. Throws Error(kInternal) for negative counts.
Interval bootstrap_tabulated(const std::vector<TabulatedStratum>& strata,
                             const BootstrapOptions& options);

/// The statistic itself; NaN when nothing was counted.
double tabulated_statistic(const std::vector<TabulatedStratum>& strata);

/// Counts of a multinomial draw of sum(counts) units with probabilities proportional to `counts`,
/// written to `drawn` (same size).
void multinomial_draw(Rng& rng, const std::vector<int64_t>& counts, std::vector<int64_t>& drawn);

/// Statistics of `resamples` independent draws, in a fixed order. Blocks of resamples have
/// generators of their own; the numbers depend on the seed only.
template <typename Draw>
std::vector<double> independent_draws(int64_t resamples, uint64_t seed, const Draw& draw) {
  constexpr int64_t kBlock = 1024;
  std::vector<double> statistics(static_cast<std::size_t>(resamples));
  Rng seeds(seed);
  const uint64_t first = seeds.next();
  for (int64_t begin = 0; begin < resamples; begin += kBlock) {
    Rng rng(first + static_cast<uint64_t>(begin / kBlock));
    for (int64_t i = begin; i < std::min(resamples, begin + kBlock); ++i)
      statistics[static_cast<std::size_t>(i)] = draw(rng);
  }
  return statistics;
}

}  // namespace physprobe

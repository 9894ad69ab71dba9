#include "physprobe/eval/voe/sweep_null.h"

#include "physprobe/core/rng.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace physprobe {
namespace {

/// The number of each pair's coin: its own, or that of its scene, by first appearance.
std::vector<std::size_t> coin_numbers(std::size_t pairs, const std::vector<std::string>& scenes) {
  std::vector<std::size_t> coins;
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < pairs; ++i)
    coins.push_back(scenes.empty() ? i : seen.emplace(scenes[i], seen.size()).first->second);
  return coins;
}

}  // namespace

SweepNull sweep_null(const SweepOutcomes& outcomes,
                     int64_t permutations,
                     uint64_t seed,
                     const std::vector<std::string>& scenes) {
  SweepNull result;
  const std::size_t pairs = outcomes.empty() ? 0 : outcomes.front().size();
  if (pairs == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, 0, nan, nan, nan, 0};
  }
  int64_t most = -1;
  for (std::size_t row = 0; row < outcomes.size(); ++row) {
    const int64_t right = std::count(outcomes[row].begin(), outcomes[row].end(), int8_t{1});
    if (right > most) {
      most = right;
      result.best_row = row;
    }
  }
  Rng rng(seed);
  const std::vector<std::size_t> coin = coin_numbers(pairs, scenes);
  const std::size_t n_coins = 1 + *std::max_element(coin.begin(), coin.end());
  std::vector<uint8_t> is_exchanged(n_coins);
  std::vector<int64_t> best(static_cast<std::size_t>(permutations));
  int64_t reached = 0;
  double sum = 0.0;
  for (int64_t& largest : best) {
    uint64_t coins = 0;
    for (std::size_t i = 0; i < n_coins; ++i) {
      if (i % 64 == 0) coins = rng.next();
      is_exchanged[i] = coins & 1;
      coins >>= 1;
    }
    for (const std::vector<int8_t>& row : outcomes) {
      int64_t right = 0;
      for (std::size_t i = 0; i < pairs; ++i)
        right += (is_exchanged[coin[i]] != 0 ? -row[i] : row[i]) == 1;
      largest = std::max(largest, right);
    }
    reached += largest >= most;
    sum += static_cast<double>(largest);
  }
  const double percent = 100.0 / static_cast<double>(pairs);
  result.best = percent * static_cast<double>(most);
  result.permutations = permutations;
  if (permutations > 0) {
    std::sort(best.begin(), best.end());
    result.null_mean = percent * sum / static_cast<double>(permutations);
    const auto rank =
        static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(permutations)) - 1.0);
    result.null_high = percent * static_cast<double>(best[rank]);
  }
  result.p = static_cast<double>(1 + reached) / static_cast<double>(1 + permutations);
  return result;
}

}  // namespace physprobe

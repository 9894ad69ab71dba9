#include "physprobe/eval/voe/context_selection.h"

#include <limits>
#include <map>

namespace physprobe {

HeldOutSelection held_out_selection(const SweepOutcomes& outcomes,
                                    const std::vector<std::string>& scenes) {
  HeldOutSelection selection;
  selection.chosen.assign(outcomes.size(), 0);
  std::map<std::string, std::vector<std::size_t>> pairs_of;
  for (std::size_t i = 0; i < scenes.size(); ++i) pairs_of[scenes[i]].push_back(i);
  if (pairs_of.size() < 2 || outcomes.empty()) return selection;
  selection.is_right.assign(scenes.size(), 0.0);
  std::vector<int64_t> right_of_all;
  for (const std::vector<int8_t>& row : outcomes) {
    int64_t right = 0;
    for (const int8_t outcome : row) right += outcome == 1;
    right_of_all.push_back(right);
  }
  for (const auto& [scene, pairs] : pairs_of) {
    std::size_t best = 0;
    int64_t most = -1;
    for (std::size_t row = 0; row < outcomes.size(); ++row) {
      int64_t elsewhere = right_of_all[row];
      for (const std::size_t pair : pairs) elsewhere -= outcomes[row][pair] == 1;
      if (elsewhere > most) {
        most = elsewhere;
        best = row;
      }
    }
    ++selection.chosen[best];
    for (const std::size_t pair : pairs) {
      selection.is_right[pair] = outcomes[best][pair] == 1 ? 1.0 : 0.0;
      selection.right += outcomes[best][pair] == 1;
    }
  }
  selection.n = static_cast<int64_t>(scenes.size());
  selection.scenes = static_cast<int64_t>(pairs_of.size());
  return selection;
}

AnyRowOracle any_row_oracle(const SweepOutcomes& outcomes) {
  const std::size_t pairs = outcomes.empty() ? 0 : outcomes.front().size();
  if (pairs == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan};
  }
  double right = 0.0;
  double by_coin = 0.0;
  for (std::size_t i = 0; i < pairs; ++i) {
    bool any_right = false;
    bool any_wrong = false;
    for (const std::vector<int8_t>& row : outcomes) {
      any_right = any_right || row[i] == 1;
      any_wrong = any_wrong || row[i] == -1;
    }
    right += any_right ? 1.0 : 0.0;
    by_coin += (any_right ? 0.5 : 0.0) + (any_wrong ? 0.5 : 0.0);
  }
  const double percent = 100.0 / static_cast<double>(pairs);
  return {percent * right, percent * by_coin};
}

}  // namespace physprobe

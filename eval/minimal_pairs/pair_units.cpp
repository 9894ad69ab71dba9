#include "physprobe/eval/minimal_pairs/pair_units.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

namespace physprobe {

std::vector<PairUnit> pair_units(const PairTask& task) {
  std::unordered_map<std::string_view, std::size_t> places;
  places.reserve(task.items.size());
  std::vector<PairUnit> units;
  units.reserve(task.items.size() / 2 + 1);
  for (std::size_t i = 0; i < task.items.size(); ++i) {
    const PairItem& item = task.items[i];
    const auto [place, is_new] = places.emplace(item.pair, units.size());
    if (is_new) {
      PairUnit unit;
      unit.pair = item.pair;
      unit.source = item.source;
      unit.cluster = item.cluster;
      unit.members.reserve(2);
      units.push_back(std::move(unit));
    }
    PairUnit& unit = units[place->second];
    unit.members.push_back(i);
    for (std::size_t rule = 0; rule < 2; ++rule) unit.right[rule] += item.verdicts[rule].is_right;
  }
  for (PairUnit& unit : units) {
    std::stable_sort(unit.members.begin(), unit.members.end(), [&](std::size_t a, std::size_t b) {
      return task.items[a].id < task.items[b].id;
    });
  }
  std::sort(units.begin(), units.end(),
            [](const PairUnit& a, const PairUnit& b) { return a.pair < b.pair; });
  return units;
}

UnitList all_of(const std::vector<PairUnit>& units) {
  UnitList list;
  list.reserve(units.size());
  for (const PairUnit& unit : units) list.push_back(&unit);
  return list;
}

TabulatedStratum pair_stratum(const UnitList& units, AnswerRule rule) {
  int64_t right = 0;
  for (const PairUnit* unit : units) right += unit->is_right(rule) ? 1 : 0;
  TabulatedStratum stratum;
  stratum.cells = {{1.0, 1.0, right}, {0.0, 1.0, static_cast<int64_t>(units.size()) - right}};
  return stratum;
}

TabulatedStratum single_stratum(const UnitList& units, AnswerRule rule) {
  std::map<std::pair<int64_t, int64_t>, int64_t> counts;  // right, items -> pairs
  for (const PairUnit* unit : units) {
    ++counts[{unit->right[static_cast<std::size_t>(rule)],
              static_cast<int64_t>(unit->members.size())}];
  }
  TabulatedStratum stratum;
  for (const auto& [cell, count] : counts)
    stratum.cells.push_back(
        {static_cast<double>(cell.first), static_cast<double>(cell.second), count});
  return stratum;
}

double phi_coefficient(int64_t both, int64_t only_first, int64_t only_second, int64_t none) {
  const double n11 = static_cast<double>(both);
  const double n10 = static_cast<double>(only_first);
  const double n01 = static_cast<double>(only_second);
  const double n00 = static_cast<double>(none);
  const double margins = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00);
  if (!(margins > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  return (n11 * n00 - n10 * n01) / std::sqrt(margins);
}

std::array<double, 2> feasible_pair_range(double single) {
  return {std::max(0.0, 2.0 * single - 1.0), single};
}

double blind_pair_accuracy(double q) {
  return q * (1.0 - q);
}

double chance_pair_accuracy(int options) {
  return 1.0 / (static_cast<double>(options) * static_cast<double>(options));
}

}  // namespace physprobe

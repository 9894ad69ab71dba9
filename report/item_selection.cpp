#include "physprobe/report/item_selection.h"

#include "physprobe/core/rng.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace physprobe {

std::vector<ItemGroup> select_items(const std::vector<ItemSummary>& items,
                                    const ReportOptions& options) {
  const int64_t n = static_cast<int64_t>(items.size());
  if (n <= options.worst + options.best + options.median + options.random) {
    ItemGroup all{"all", std::vector<int64_t>(items.size())};
    std::iota(all.items.begin(), all.items.end(), 0);
    return {all};
  }
  std::vector<int64_t> ranked;
  std::vector<double> change(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    change[i] = items[i].tap_deg - items[i].pixel_deg;
    if (std::isfinite(change[i])) ranked.push_back(static_cast<int64_t>(i));
  }
  std::sort(ranked.begin(), ranked.end(), [&](int64_t a, int64_t b) {
    const auto i = static_cast<std::size_t>(a);
    const auto j = static_cast<std::size_t>(b);
    return change[i] != change[j] ? change[i] > change[j] : items[i].id < items[j].id;
  });
  std::vector<bool> is_taken(items.size(), false);
  const auto take = [&](ItemGroup& group, int64_t item) {
    if (is_taken[static_cast<std::size_t>(item)]) return;
    is_taken[static_cast<std::size_t>(item)] = true;
    group.items.push_back(item);
  };
  const int64_t m = static_cast<int64_t>(ranked.size());
  ItemGroup worst{"worst", {}};
  for (int64_t i = 0; i < std::min(options.worst, m); ++i)
    take(worst, ranked[static_cast<std::size_t>(i)]);
  ItemGroup best{"best", {}};
  for (int64_t i = 0; i < std::min(options.best, m); ++i)
    take(best, ranked[static_cast<std::size_t>(m - 1 - i)]);
  ItemGroup median{"median", {}};
  const int64_t first = std::max<int64_t>(0, (m - options.median) / 2);
  for (int64_t i = first; i < std::min(first + options.median, m); ++i) {
    take(median, ranked[static_cast<std::size_t>(i)]);
  }
  ItemGroup random{"random", {}};
  Rng rng(derive_seed(options.seed, "report/random-items"));
  for (const int64_t item : rng.permutation(n)) {
    if (static_cast<int64_t>(random.items.size()) == options.random) break;
    take(random, item);
  }
  std::sort(random.items.begin(), random.items.end());
  std::vector<ItemGroup> groups;
  for (ItemGroup* group : {&best, &worst, &median, &random}) {
    if (!group->items.empty()) groups.push_back(std::move(*group));
  }
  return groups;
}

std::vector<int64_t> room_order(const std::vector<ItemGroup>& groups) {
  std::vector<int64_t> order;
  bool has_more = true;
  for (std::size_t rank = 0; has_more; ++rank) {
    has_more = false;
    for (const ItemGroup& group : groups) {
      if (rank >= group.items.size()) continue;
      order.push_back(group.items[rank]);
      has_more = true;
    }
  }
  return order;
}

}  // namespace physprobe

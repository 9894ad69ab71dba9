#include "physprobe/core/statistics/mcnemar.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/binomial.h"

#include <algorithm>
#include <cmath>

namespace physprobe {

McNemarTest mcnemar_test(int64_t only_first, int64_t only_second) {
  if (only_first < 0 || only_second < 0)
    throw Error(ErrorKind::kInternal, "mcnemar_test", "negative counts of discordant units");
  McNemarTest test;
  test.only_first = only_first;
  test.only_second = only_second;
  const int64_t discordant = only_first + only_second;
  if (discordant == 0) return test;
  const int64_t fewer = std::min(only_first, only_second);
  const double both_tails = 2.0 * binomial_cdf(fewer, discordant, 0.5);
  test.exact_p = std::min(1.0, both_tails);
  test.mid_p = only_first == only_second
                   ? 1.0
                   : std::min(1.0, both_tails - binomial_pmf(fewer, discordant, 0.5));
  const double gap = std::abs(static_cast<double>(only_first - only_second)) - 1.0;
  test.chi_squared = gap * gap / static_cast<double>(discordant);
  test.chi_squared_p = std::erfc(std::sqrt(0.5 * test.chi_squared));  // one degree of freedom
  return test;
}

}  // namespace physprobe

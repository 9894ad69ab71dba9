#include "physprobe/benchmarks/product_limits.h"

#include "physprobe/benchmarks/cases.h"
#include "physprobe/benchmarks/product_limits_kernels.h"
#include "physprobe/benchmarks/timing.h"
#include "physprobe/encoders/vector_unit.h"
#include "physprobe/encoders/vit_half.h"

#ifdef PHYSPROBE_HAS_PRODUCT_LIMITS
#include <cpuid.h>
#endif

namespace physprobe {

#ifdef PHYSPROBE_HAS_PRODUCT_LIMITS
namespace {

constexpr int64_t kRounds = 500001;
constexpr int64_t kRepetitions = 9;

bool has_bfloat16_products() {
  constexpr unsigned kFeatures = 7;
  constexpr unsigned kBfloat16Bit = 1U << 5U;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return has_vector_unit(VectorUnit::kAvx512) && __get_cpuid_count(kFeatures, 1, &a, &b, &c, &d) &&
         (a & kBfloat16Bit) != 0;
}

/// `products`: those of one instruction, each counted as two operations.
double speed(double (*run)(int64_t), int64_t products) {
  const auto expected = static_cast<double>(kProductChains * products);
  require_correct(run(kRounds) == expected, "product limits", "a sum of ones is not their number");
  const double seconds = median_cpu_seconds(kRepetitions, [&] { run(kRounds); });
  return 2.0 * static_cast<double>(kRounds * kProductChains * products) / seconds / 1e9;
}

}  // namespace

ProductLimits product_limits() {
  ProductLimits limits;
  if (!has_vector_unit(VectorUnit::kAvx512)) return limits;
  limits.float32 = speed(float32_products, 16);
  if (has_bfloat16_products()) limits.bfloat16 = speed(bfloat16_products, 32);
  if (has_half_products()) limits.float16 = speed(float16_products, 32);
  return limits;
}
#else
ProductLimits product_limits() {
  return {};
}
#endif

}  // namespace physprobe

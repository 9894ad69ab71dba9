#include "physprobe/core/rng.h"

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

/// The generator written down once more from its paper, word by word.
struct ReferenceXoshiro {
  uint64_t s[4];
  static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  uint64_t next() {
    const uint64_t result = rotl(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
  }
};

TEST(Rng, SeedsThroughSplitmix64) {
  // The first outputs of splitmix64 from seed 1234567, published with the algorithm (Vigna).
  ReferenceXoshiro reference{{6457827717110365317ULL, 3203168211198807973ULL,
                              9817491932198370423ULL, 4593380528125082431ULL}};
  Rng rng(1234567);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(rng.next(), reference.next()) << i;
}

TEST(Rng, SameSeedSameSequenceOtherSeedOther) {
  Rng a(7), b(7), c(8);
  const uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

TEST(Rng, BelowIsUniform) {
  Rng rng(3);
  constexpr int kBound = 7, kDraws = 70000;
  int counts[kBound] = {};
  for (int i = 0; i < kDraws; ++i) ++counts[rng.below(kBound)];
  double chi_squared = 0.0;
  for (const int count : counts) chi_squared += std::pow(count - 10000.0, 2) / 10000.0;
  EXPECT_LT(chi_squared, 22.5);  // 6 degrees of freedom, p = 0.001
}

TEST(Rng, BelowRejectsTheBiasedPart) {
  // With bound 3 * 2^62 a plain multiplication would give every third value twice as often.
  Rng rng(11);
  constexpr uint64_t kBound = uint64_t{3} << 62;
  int by_remainder[3] = {};
  for (int i = 0; i < 30000; ++i) {
    const uint64_t value = rng.below(kBound);
    ASSERT_LT(value, kBound);
    ++by_remainder[value % 3];
  }
  for (const int count : by_remainder) EXPECT_NEAR(count, 10000, 400);  // 5 standard deviations
}

TEST(Rng, BelowOneIsZero) {
  Rng rng(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.below(1), 0u);
}

TEST(Rng, UniformIsInTheHalfOpenUnitInterval) {
  Rng rng(5);
  double sum = 0.0;
  for (int i = 0; i < 100000; ++i) {
    const double value = rng.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);  // 5 standard errors
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng(9);
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = rng.normal();
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.012);      // 5 standard errors
  EXPECT_NEAR(squares / kDraws, 1.0, 0.016);  // 5 standard errors
}

TEST(Rng, PermutationHoldsEachIndexOnceInAMixedOrder) {
  Rng rng(2);
  std::vector<int64_t> order = rng.permutation(100);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(rng.permutation(0).empty());
}

TEST(Rng, PermutationsOfThreeAreEquallyLikely) {
  Rng rng(4);
  int counts[27] = {};
  for (int i = 0; i < 60000; ++i) {
    const auto p = rng.permutation(3);
    ++counts[p[0] * 9 + p[1] * 3 + p[2]];
  }
  int kinds = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++kinds;
    EXPECT_NEAR(count, 10000, 460);  // 5 standard deviations
  }
  EXPECT_EQ(kinds, 6);
}

TEST(Rng, DerivedSeedsDependOnSeedAndPurpose) {
  EXPECT_EQ(derive_seed(1, "nulls"), derive_seed(1, "nulls"));
  EXPECT_NE(derive_seed(1, "nulls"), derive_seed(2, "nulls"));
  EXPECT_NE(derive_seed(1, "nulls"), derive_seed(1, "split"));
}

}  // namespace
}  // namespace physprobe

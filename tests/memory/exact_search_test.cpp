// Search against its definition: brute force, any threads, any batch, ties, huge and tiny values.

#include "physprobe/memory/exact_search.h"

#include "physprobe/core/parallel.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "memory_samples.h"

namespace physprobe {
namespace {

using testing::expect_same;
using testing::plain_cases;
using testing::random_rows;

/// One random small world: duplicates, groups, negative zero, queries that are rows.
struct RandomCase {
  at::Tensor rows;
  std::vector<MemoryCase> cases;
  MemoryQuery query;
};

RandomCase make_random_case(Rng& rng) {
  RandomCase random;
  const auto count = static_cast<int64_t>(1 + rng.below(200));
  const auto dimension = static_cast<int64_t>(1 + rng.below(24));
  const auto queries = static_cast<int64_t>(1 + rng.below(30));
  random.rows = random_rows(rng, count, dimension);
  // Few distinct values make exact ties frequent; some rows are copies of others, scaled or not.
  if (rng.below(3) == 0) random.rows = random.rows.round().add(0.5F);
  for (int64_t i = 0; i < count; ++i) {
    if (rng.below(5) == 0) {
      const auto other = static_cast<int64_t>(rng.below(static_cast<uint64_t>(count)));
      random.rows[i].copy_(random.rows[other] * (rng.below(2) == 0 ? 1.0 : 2.0));
    }
  }
  // Ids whose order differs from the order of rows.
  const std::vector<int64_t> order = rng.permutation(count);
  for (int64_t i = 0; i < count; ++i) {
    const auto group = rng.below(6);
    random.cases.push_back({fmt::format("c{}", order[static_cast<std::size_t>(i)]),
                            group == 0 ? "" : fmt::format("g{}", group), ""});
  }
  random.query.vectors = random_rows(rng, queries, dimension);
  for (int64_t q = 0; q < queries; ++q) {
    const auto row = rng.below(static_cast<uint64_t>(count));
    random.query.ids.push_back("unknown");
    random.query.groups.emplace_back(rng.below(2) == 0 ? "" : "g1");
    if (rng.below(2) == 0) {
      random.query.vectors[q].copy_(random.rows[static_cast<int64_t>(row)]);
      random.query.ids.back() = random.cases[row].id;
      random.query.groups.back() = random.cases[row].group;
    }
  }
  random.query.k = static_cast<int64_t>(1 + rng.below(12));
  if (rng.below(8) == 0) random.query.k = count + 3;
  random.query.exclude = static_cast<Exclude>(rng.below(3));
  return random;
}

/// The definition, computed the slow way, without the cut at k; no part of it is shared with the
/// code under test.
Neighbours brute_force(const RandomCase& random, Metric metric) {
  const int64_t dimension = random.rows.size(1);
  const auto unit_row = [&](const at::Tensor& matrix, int64_t i) {
    std::vector<float> row(static_cast<std::size_t>(dimension));
    const float* values = matrix.data_ptr<float>() + i * dimension;
    double squares = 0.0;
    for (int64_t j = 0; j < dimension; ++j) squares += static_cast<double>(values[j]) * values[j];
    for (int64_t j = 0; j < dimension; ++j) {
      row[static_cast<std::size_t>(j)] = metric == Metric::kCosine
                                             ? static_cast<float>(values[j] / std::sqrt(squares))
                                             : values[j];
    }
    return row;
  };
  std::vector<std::vector<float>> rows;
  for (int64_t r = 0; r < random.rows.size(0); ++r) rows.push_back(unit_row(random.rows, r));
  Neighbours expected;
  for (int64_t q = 0; q < random.query.vectors.size(0); ++q) {
    const std::vector<float> query = unit_row(random.query.vectors, q);
    const auto index = static_cast<std::size_t>(q);
    std::vector<std::pair<double, std::string>> all;
    for (int64_t r = 0; r < random.rows.size(0); ++r) {
      const MemoryCase& item = random.cases[static_cast<std::size_t>(r)];
      const bool is_own = item.id == random.query.ids[index];
      const bool is_of_group = !item.group.empty() && item.group == random.query.groups[index];
      if (random.query.exclude != Exclude::kNothing && is_own) continue;
      if (random.query.exclude == Exclude::kGroup && is_of_group) continue;
      const std::vector<float>& row = rows[static_cast<std::size_t>(r)];
      double product = 0.0;
      double squares = 0.0;
      for (std::size_t j = 0; j < row.size(); ++j) {
        product += static_cast<double>(query[j]) * row[j];
        const double difference = static_cast<double>(query[j]) - row[j];
        squares += difference * difference;
      }
      const double distance = metric == Metric::kL2 ? std::sqrt(squares)
                              : metric == Metric::kInnerProduct
                                  ? -product
                                  : std::clamp(1.0 - product, 0.0, 2.0);
      all.emplace_back(distance, item.id);
    }
    std::sort(all.begin(), all.end());
    expected.ids.emplace_back();
    expected.distances.emplace_back();
    for (const auto& [distance, id] : all) {
      expected.ids.back().push_back(id);
      expected.distances.back().push_back(distance);
    }
  }
  return expected;
}

/// The first k of `all`. The slow way adds up in another order: distances agree within double
/// rounding, and under cosine, where unit rows made of the same numbers in another order come
/// within rounding of a tie, so may the ids of such rows be swapped. Otherwise ids are the same,
/// those of exact ties included.
void expect_matches(const Neighbours& found,
                    const Neighbours& all,
                    const RandomCase& random,
                    Metric metric) {
  constexpr double kRounding = 1e-12;
  ASSERT_EQ(found.ids.size(), all.ids.size());
  for (std::size_t q = 0; q < found.ids.size(); ++q) {
    const std::vector<double>& distances = all.distances[q];
    ASSERT_EQ(found.ids[q].size(),
              std::min(static_cast<std::size_t>(random.query.k), distances.size()));
    for (std::size_t i = 0; i < found.ids[q].size(); ++i) {
      ASSERT_NEAR(found.distances[q][i], distances[i], kRounding);
      if (found.ids[q][i] == all.ids[q][i]) continue;
      const bool has_twin =
          (i > 0 && distances[i] - distances[i - 1] < kRounding) ||
          (i + 1 < distances.size() && distances[i + 1] - distances[i] < kRounding);
      ASSERT_TRUE(metric == Metric::kCosine && has_twin)
          << "query " << q << " rank " << i << ": " << found.ids[q][i] << ", expected "
          << all.ids[q][i];
    }
    for (std::size_t i = 1; i < found.ids[q].size(); ++i) {
      ASSERT_LE(found.distances[q][i - 1], found.distances[q][i]);
      if (found.distances[q][i - 1] == found.distances[q][i]) {
        ASSERT_LT(found.ids[q][i - 1], found.ids[q][i]);
      }
    }
  }
}

void compare_with_brute_force(Metric metric, uint64_t seed) {
  // One parallel region around all: also shows that searches inside another region are the same.
  parallel_for(1000, 2, [metric, seed](int64_t i) {
    Rng rng(seed * 1000 + static_cast<uint64_t>(i));
    const RandomCase random = make_random_case(rng);
    const auto memory = VisualMemory::create(random.rows.size(1), metric);
    memory->add(random.rows, random.cases);
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, "case " + std::to_string(i));
    expect_matches(memory->search(random.query), brute_force(random, metric), random, metric);
  });
}

TEST(ExactSearch, EqualsBruteForceOn1000CasesCosine) {
  compare_with_brute_force(Metric::kCosine, 11);
}
TEST(ExactSearch, EqualsBruteForceOn1000CasesInnerProduct) {
  compare_with_brute_force(Metric::kInnerProduct, 12);
}
TEST(ExactSearch, EqualsBruteForceOn1000CasesL2) {
  compare_with_brute_force(Metric::kL2, 13);
}

/// A memory large enough that candidates come from FAISS, with clusters whose members differ by
/// less than float32 products can resolve.
RandomCase make_crowded_case(int64_t count, int64_t dimension, int64_t queries) {
  Rng rng(5);
  RandomCase random;
  random.rows = random_rows(rng, count, dimension);
  for (int64_t i = 0; i + 1 < count; i += 2) {
    random.rows[i + 1].copy_(random.rows[i]);
    if (i % 4 == 0) random.rows[i + 1][0] += 1e-6;
  }
  random.rows.slice(0, 0, 120).copy_(random.rows[0].unsqueeze(0).expand({120, dimension}));
  random.cases = plain_cases(count);
  std::reverse(random.cases.begin(), random.cases.end());
  random.query.vectors = random_rows(rng, queries, dimension);
  for (int64_t q = 0; q < queries; q += 3) {
    random.query.vectors[q].copy_(random.rows[(q * 37) % count]);
  }
  for (int64_t q = 0; q < queries; ++q) {
    random.query.ids.push_back(random.cases[static_cast<std::size_t>((q * 37) % count)].id);
    random.query.groups.emplace_back("");
  }
  random.query.k = 10;
  return random;
}

class ExactSearchMetric : public ::testing::TestWithParam<Metric> {};

TEST_P(ExactSearchMetric, CrowdedMemoryEqualsBruteForce) {
  const RandomCase random = make_crowded_case(3000, 40, 70);
  const auto memory = VisualMemory::create(40, GetParam());
  memory->add(random.rows, random.cases);
  expect_matches(memory->search(random.query), brute_force(random, GetParam()), random, GetParam());
}

TEST_P(ExactSearchMetric, SameBitsForAnyThreadsAndQueryBatch) {
  const RandomCase random = make_crowded_case(3000, 40, 70);
  const auto memory = VisualMemory::create(40, GetParam());
  memory->add(random.rows, random.cases);
  const Neighbours whole = memory->search(random.query);
  for (const int threads : {1, 2, 7}) {
    MemoryQuery query = random.query;
    query.threads = threads;
    expect_same(memory->search(query), whole);
  }
  for (const int64_t batch : {1, 3, 8, 25}) {
    Neighbours joined;
    for (int64_t begin = 0; begin < 70; begin += batch) {
      const int64_t end = std::min<int64_t>(70, begin + batch);
      MemoryQuery query = random.query;
      query.vectors = random.query.vectors.slice(0, begin, end);
      query.ids.assign(random.query.ids.begin() + begin, random.query.ids.begin() + end);
      query.groups.assign(random.query.groups.begin() + begin, random.query.groups.begin() + end);
      const Neighbours part = memory->search(query);
      joined.ids.insert(joined.ids.end(), part.ids.begin(), part.ids.end());
      joined.distances.insert(joined.distances.end(), part.distances.begin(), part.distances.end());
    }
    expect_same(joined, whole);
  }
}

TEST_P(ExactSearchMetric, OrderOfAddingAndRemovedCasesLeaveNoTrace) {
  const RandomCase random = make_crowded_case(1000, 16, 30);
  const auto plain = VisualMemory::create(16, GetParam());
  plain->add(random.rows, random.cases);
  // The same cases, added in reverse order with others between them that are removed again.
  const auto other = VisualMemory::create(16, GetParam());
  Rng rng(6);
  std::vector<std::string> intruders;
  for (int64_t i = 999; i >= 0; i -= 50) {
    for (int64_t row = i; row > i - 50; --row) {
      other->add(random.rows.slice(0, row, row + 1), {random.cases[static_cast<std::size_t>(row)]});
    }
    intruders.push_back("intruder" + std::to_string(i));
    other->add(random_rows(rng, 1, 16), {{intruders.back(), "g", "x"}});
  }
  other->remove(intruders);
  ASSERT_EQ(other->size(), 1000);
  expect_same(other->search(random.query), plain->search(random.query));
}

TEST_P(ExactSearchMetric, HugeAndTinyValuesAreStillExact) {
  // Float32 products overflow to infinity here, or vanish; distances in double do not.
  RandomCase random = make_crowded_case(600, 8, 24);
  for (const double scale : {1e30, 1e-30}) {
    RandomCase scaled = random;
    scaled.rows = random.rows * scale;
    scaled.query.vectors = random.query.vectors * scale;
    const auto memory = VisualMemory::create(8, GetParam());
    memory->add(scaled.rows, scaled.cases);
    const Neighbours found = memory->search(scaled.query);
    const Neighbours expected = brute_force(scaled, GetParam());
    for (std::size_t q = 0; q < found.ids.size(); ++q) {
      for (std::size_t i = 0; i < found.distances[q].size(); ++i) {
        const double value = expected.distances[q][i];
        EXPECT_NEAR(found.distances[q][i], value,
                    std::max(1e-12 * std::abs(value), 1e-300) +
                        (GetParam() == Metric::kCosine ? 1e-12 : 0.0));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics,
                         ExactSearchMetric,
                         ::testing::Values(Metric::kCosine, Metric::kInnerProduct, Metric::kL2));

}  // namespace
}  // namespace physprobe

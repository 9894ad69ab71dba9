#include "physprobe/memory/visual_memory.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>

namespace physprobe {
namespace {

using testing::TempDir;

template <typename Body>
ErrorKind kind_thrown(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorKind::kInternal;
}

std::vector<MemoryCase> plain_cases(int64_t count) {
  std::vector<MemoryCase> cases;
  for (int64_t i = 0; i < count; ++i) cases.push_back({fmt::format("m{:06}", i), "", ""});
  return cases;
}

/// Standard normal rows from an explicit seed.
at::Tensor random_rows(Rng& rng, int64_t count, int64_t dimension) {
  at::Tensor rows = at::empty({count, dimension}, at::kFloat);
  for (int64_t i = 0; i < rows.numel(); ++i) {
    rows.data_ptr<float>()[i] = static_cast<float>(rng.normal());
  }
  return rows;
}

void expect_same(const Neighbours& a, const Neighbours& b) {
  ASSERT_EQ(a.ids, b.ids);
  ASSERT_EQ(a.distances, b.distances);  // bit for bit
}

TEST(VisualMemory, GoldenNeighbours) {
  // Indices exact: all gaps between similarities that are not ties exceed 1e-5, far above float32
  // rounding. Distances within 1e-6: the golden values come from float32 products in another order.
  const auto golden = read_safetensors(testing::golden_path("visual_memory/knn_case.safetensors"));
  const at::Tensor rows = golden.at("memory_embeddings_raw");
  const at::Tensor index = golden.at("neighbor_index");
  const at::Tensor distance = golden.at("neighbor_distance");
  const auto cases = plain_cases(rows.size(0));
  const auto memory = VisualMemory::create(rows.size(1), Metric::kCosine);
  memory->add(rows, cases);

  MemoryQuery query;
  query.vectors = golden.at("query_embeddings_raw");
  query.k = index.size(1);
  query.exclude = Exclude::kNothing;
  const Neighbours found = memory->search(query);
  for (int64_t q = 0; q < index.size(0); ++q) {
    for (int64_t i = 0; i < index.size(1); ++i) {
      const auto row = static_cast<std::size_t>(q);
      const auto rank = static_cast<std::size_t>(i);
      EXPECT_EQ(found.ids[row][rank],
                cases[static_cast<std::size_t>(index[q][i].item<int64_t>())].id);
      EXPECT_NEAR(found.distances[row][rank], distance[q][i].item<double>(), 1e-6);
    }
  }

  // The memory asked for its own neighbours, each case itself left out.
  const at::Tensor train = golden.at("train_neighbor_index");
  query.vectors = rows;
  query.exclude = Exclude::kItem;
  for (const MemoryCase& item : cases) query.ids.push_back(item.id);
  const Neighbours own = memory->search(query);
  for (int64_t q = 0; q < train.size(0); ++q) {
    for (int64_t i = 0; i < train.size(1); ++i) {
      EXPECT_EQ(own.ids[static_cast<std::size_t>(q)][static_cast<std::size_t>(i)],
                cases[static_cast<std::size_t>(train[q][i].item<int64_t>())].id);
    }
  }
}

/// One random small world: duplicates, groups, negative zero, queries that are rows.
struct RandomCase {
  at::Tensor rows;
  std::vector<MemoryCase> cases;
  MemoryQuery query;
};

RandomCase make_random_case(Rng& rng) {
  RandomCase random;
  const auto count = static_cast<int64_t>(1 + rng.below(300));
  const auto dimension = static_cast<int64_t>(1 + rng.below(24));
  const auto queries = static_cast<int64_t>(1 + rng.below(40));
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

/// The definition, computed the slow way; no part of it is shared with the code under test.
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
    for (std::size_t i = 0; i < all.size() && i < static_cast<std::size_t>(random.query.k); ++i) {
      expected.ids.back().push_back(all[i].second);
      expected.distances.back().push_back(all[i].first);
    }
  }
  return expected;
}

/// Same distances within double rounding; same ids except where the slow way, which adds up in
/// another order, orders rows whose distances agree within that rounding differently (exact copies
/// must still be in order of id).
void expect_matches(const Neighbours& found, const Neighbours& expected, const RandomCase& random) {
  constexpr double kRounding = 1e-12;
  ASSERT_EQ(found.ids.size(), expected.ids.size());
  for (std::size_t q = 0; q < found.ids.size(); ++q) {
    ASSERT_EQ(found.ids[q].size(), expected.ids[q].size());
    for (std::size_t i = 0; i < found.ids[q].size(); ++i) {
      ASSERT_NEAR(found.distances[q][i], expected.distances[q][i], kRounding);
      if (i == 0) continue;
      ASSERT_LE(found.distances[q][i - 1], found.distances[q][i]);
      if (found.distances[q][i - 1] == found.distances[q][i]) {
        ASSERT_LT(found.ids[q][i - 1], found.ids[q][i]);
      }
    }
    for (std::size_t i = 0; i < found.ids[q].size(); ++i) {
      if (found.ids[q][i] == expected.ids[q][i]) continue;
      const bool has_twin =
          (i > 0 && expected.distances[q][i] - expected.distances[q][i - 1] < kRounding) ||
          i + 1 == expected.ids[q].size() ||
          expected.distances[q][i + 1] - expected.distances[q][i] < kRounding;
      ASSERT_TRUE(has_twin) << "query " << q << " rank " << i << " of " << random.rows.size(0);
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
    expect_matches(memory->search(random.query), brute_force(random, metric), random);
  });
}

TEST(VisualMemory, EqualsBruteForceOn1000CasesCosine) {
  compare_with_brute_force(Metric::kCosine, 11);
}
TEST(VisualMemory, EqualsBruteForceOn1000CasesInnerProduct) {
  compare_with_brute_force(Metric::kInnerProduct, 12);
}
TEST(VisualMemory, EqualsBruteForceOn1000CasesL2) {
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

class VisualMemoryMetric : public ::testing::TestWithParam<Metric> {};

TEST_P(VisualMemoryMetric, CrowdedMemoryEqualsBruteForce) {
  const RandomCase random = make_crowded_case(3000, 40, 70);
  const auto memory = VisualMemory::create(40, GetParam());
  memory->add(random.rows, random.cases);
  expect_matches(memory->search(random.query), brute_force(random, GetParam()), random);
}

TEST_P(VisualMemoryMetric, SameBitsForAnyThreadsAndQueryBatch) {
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

TEST_P(VisualMemoryMetric, OrderOfAddingAndRemovedCasesLeaveNoTrace) {
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

TEST_P(VisualMemoryMetric, HugeAndTinyValuesAreStillExact) {
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
                         VisualMemoryMetric,
                         ::testing::Values(Metric::kCosine, Metric::kInnerProduct, Metric::kL2));

TEST(VisualMemory, MoreNeighboursThanCasesGiveShorterRowsWithoutFiller) {
  const auto memory = VisualMemory::create(2, Metric::kL2);
  MemoryQuery query;
  query.vectors = at::zeros({1, 2});
  query.ids = {"b"};
  query.k = 5;
  EXPECT_TRUE(memory->search(query).ids.at(0).empty());
  memory->add(at::arange(6, at::kFloat).reshape({3, 2}),
              {{"a", "", ""}, {"b", "", ""}, {"c", "", ""}});
  const Neighbours found = memory->search(query);
  EXPECT_EQ(found.ids.at(0), (std::vector<std::string>{"a", "c"}));
  EXPECT_DOUBLE_EQ(found.distances.at(0).at(0), 1.0);
}

TEST(VisualMemory, GroupExclusionLeavesOutTheWholeGroupAndTheItem) {
  const auto memory = VisualMemory::create(1, Metric::kL2);
  memory->add(at::arange(5, at::kFloat).reshape({5, 1}), {{"a", "scene1", ""},
                                                          {"b", "scene1", ""},
                                                          {"c", "scene2", ""},
                                                          {"d", "", ""},
                                                          {"e", "", ""}});
  MemoryQuery query;
  query.vectors = at::zeros({3, 1});
  query.ids = {"a", "d", "new"};
  query.groups = {"scene1", "", "scene2"};
  query.k = 5;
  query.exclude = Exclude::kGroup;
  const Neighbours found = memory->search(query);
  EXPECT_EQ(found.ids[0], (std::vector<std::string>{"c", "d", "e"}));
  EXPECT_EQ(found.ids[1], (std::vector<std::string>{"a", "b", "c", "e"}));  // no group: only itself
  EXPECT_EQ(found.ids[2], (std::vector<std::string>{"a", "b", "d", "e"}));
}

TEST(VisualMemory, UnusableVectorsAreRefused) {
  const auto memory = VisualMemory::create(3, Metric::kCosine);
  const at::Tensor row = at::ones({1, 3}, at::kFloat);
  at::Tensor nan = row.clone();
  nan[0][1] = std::numeric_limits<float>::quiet_NaN();
  at::Tensor infinite = row.clone();
  infinite[0][1] = std::numeric_limits<float>::infinity();
  const std::vector<MemoryCase> one = {{"a", "", ""}};
  const auto add_kind = [&](const at::Tensor& vectors, const std::vector<MemoryCase>& cases) {
    return kind_thrown([&] { memory->add(vectors, cases); });
  };
  EXPECT_EQ(add_kind(nan, one), ErrorKind::kInput);
  EXPECT_EQ(add_kind(infinite, one), ErrorKind::kInput);
  EXPECT_EQ(add_kind(at::zeros({1, 3}, at::kFloat), one), ErrorKind::kInput);
  EXPECT_EQ(add_kind(at::ones({1, 4}, at::kFloat), one), ErrorKind::kInput);
  EXPECT_EQ(add_kind(at::ones({1, 3}, at::kDouble), one), ErrorKind::kInput);
  EXPECT_EQ(add_kind(at::ones({2, 3}, at::kFloat), one), ErrorKind::kInput);
  EXPECT_EQ(add_kind(at::ones({2, 3}, at::kFloat), {{"a", "", ""}, {"a", "", ""}}),
            ErrorKind::kInput);
  EXPECT_EQ(add_kind(row, {{"", "", ""}}), ErrorKind::kInput);
  EXPECT_EQ(memory->size(), 0);
  memory->add(row, one);
  EXPECT_EQ(add_kind(row, one), ErrorKind::kInput);
  EXPECT_EQ(kind_thrown([&] { memory->remove({"a", "b"}); }), ErrorKind::kInput);
  EXPECT_EQ(memory->size(), 1);

  MemoryQuery query;
  query.ids = {"q"};
  const auto search_kind = [&] { return kind_thrown([&] { memory->search(query); }); };
  for (const at::Tensor& bad :
       {nan, infinite, at::zeros({1, 3}, at::kFloat), at::ones({1, 2}, at::kFloat)}) {
    query.vectors = bad;
    EXPECT_EQ(search_kind(), ErrorKind::kInput);
  }
  query.vectors = row;
  query.ids = {};
  EXPECT_EQ(search_kind(), ErrorKind::kInput);  // exclusion needs ids
  query.ids = {"q"};
  query.k = 0;
  EXPECT_EQ(search_kind(), ErrorKind::kUsage);
  EXPECT_EQ(kind_thrown([] { VisualMemory::create(0, Metric::kL2); }), ErrorKind::kUsage);
}

TEST(VisualMemory, NamesOfMetricsAndExclusions) {
  EXPECT_EQ(metric_from_name("l2"), Metric::kL2);
  EXPECT_EQ(metric_from_name("ip"), Metric::kInnerProduct);
  EXPECT_EQ(exclude_from_name("group"), Exclude::kGroup);
  EXPECT_EQ(kind_thrown([] { metric_from_name("cosinus"); }), ErrorKind::kUsage);
  EXPECT_EQ(kind_thrown([] { exclude_from_name("self"); }), ErrorKind::kUsage);
}

/// A saved index of two cases beside the memory it came from.
class SavedIndex : public ::testing::Test {
 protected:
  void SetUp() override {
    memory_ = VisualMemory::create(4, Metric::kCosine);
    Rng rng(3);
    std::vector<MemoryCase> cases = plain_cases(30);
    cases[3] = {"größe \"x\"", "scene", "label"};
    memory_->add(random_rows(rng, 30, 4), cases);
    query_.vectors = random_rows(rng, 25, 4);
    query_.exclude = Exclude::kNothing;
    memory_->save(path_, "digest of the store");
  }
  ErrorKind load_kind(const std::string& digest = "digest of the store") const {
    return kind_thrown([&] { VisualMemory::load(path_, digest); });
  }
  TempDir dir_;
  std::string path_ = dir_ / "memory.faiss";
  std::unique_ptr<VisualMemory> memory_;
  MemoryQuery query_;
};

TEST_F(SavedIndex, LoadsWhatWasSaved) {
  const auto loaded = VisualMemory::load(path_, "digest of the store");
  EXPECT_EQ(loaded->metric(), Metric::kCosine);
  ASSERT_EQ(loaded->size(), 30);
  EXPECT_EQ(loaded->cases()[3].id, "größe \"x\"");
  EXPECT_EQ(loaded->cases()[3].group, "scene");
  EXPECT_EQ(loaded->cases()[3].label, "label");
  expect_same(loaded->search(query_), memory_->search(query_));
  loaded->remove({"größe \"x\""});
  memory_->remove({"größe \"x\""});
  expect_same(loaded->search(query_), memory_->search(query_));
}

TEST_F(SavedIndex, AnotherSourceIsRefused) {
  EXPECT_EQ(load_kind("other"), ErrorKind::kIncompatible);
}

TEST_F(SavedIndex, MissingFilesAreInputErrors) {
  std::filesystem::remove(path_);
  EXPECT_EQ(load_kind(), ErrorKind::kInput);
  std::filesystem::remove(path_ + ".json");
  EXPECT_EQ(load_kind(), ErrorKind::kInput);
}

TEST_F(SavedIndex, EveryFlippedByteIsRefusedBeforeFaissSeesIt) {
  for (const std::string& path : {path_, path_ + ".json"}) {
    const std::string intact = read_file(path);
    for (std::size_t i = 0; i + 1 < intact.size(); i += 7) {
      std::string changed = intact;
      changed[i] = static_cast<char>(changed[i] ^ 0x04);
      std::ofstream(path, std::ios::binary) << changed;
      ASSERT_EQ(load_kind(), ErrorKind::kIncompatible) << path << " byte " << i;
    }
    std::ofstream(path, std::ios::binary) << intact;
  }
  EXPECT_NO_THROW(VisualMemory::load(path_, "digest of the store"));
}

TEST_F(SavedIndex, WrongSizesAreRefused) {
  const std::string intact = read_file(path_);
  for (const std::string& changed : {intact.substr(0, 10), intact + "x", std::string()}) {
    std::ofstream(path_, std::ios::binary) << changed;
    EXPECT_EQ(load_kind(), ErrorKind::kIncompatible);
  }
}

TEST_F(SavedIndex, UnwritablePlaceIsAResourceError) {
  EXPECT_EQ(kind_thrown([&] { memory_->save(dir_ / "no/such/folder/index", "d"); }),
            ErrorKind::kResource);
}

double seconds(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(VisualMemorySlow, ThroughputAgainstPlainProducts) {
  constexpr int64_t kRows = 100'000;
  constexpr int64_t kDimension = 384;
  constexpr int64_t kQueries = 512;
  Rng rng(9);
  const at::Tensor rows = random_rows(rng, kRows, kDimension);
  const auto memory = VisualMemory::create(kDimension, Metric::kCosine);
  memory->add(rows, plain_cases(kRows));
  MemoryQuery query;
  query.vectors = random_rows(rng, kQueries, kDimension);
  query.exclude = Exclude::kNothing;
  for (const int threads : {1, 2}) {
    query.threads = threads;
    Neighbours found;
    const double ours = seconds([&] { found = memory->search(query); });
    ASSERT_EQ(found.ids.size(), static_cast<std::size_t>(kQueries));
    std::cout << fmt::format("search 1e5 x 384, k 10, {} threads: {:.0f} queries/s\n", threads,
                             kQueries / ours);
  }
  const double product = seconds([&] { at::mm(query.vectors, rows.t()); });
  std::cout << fmt::format("one product of all queries with all rows: {:.0f} queries/s\n",
                           kQueries / product);
  MemoryQuery single = query;
  single.vectors = query.vectors.slice(0, 0, 1);
  std::cout << fmt::format("one query alone: {:.1f} ms\n",
                           1e3 * seconds([&] { memory->search(single); }));
}

}  // namespace
}  // namespace physprobe

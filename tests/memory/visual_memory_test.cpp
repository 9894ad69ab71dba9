#include "physprobe/memory/visual_memory.h"

#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "memory_samples.h"

namespace physprobe {
namespace {

using testing::kind_thrown;
using testing::plain_cases;

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

}  // namespace
}  // namespace physprobe

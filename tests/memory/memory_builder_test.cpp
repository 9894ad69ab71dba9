#include "physprobe/memory/memory_builder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "memory_samples.h"

namespace physprobe {
namespace {

using ::testing::ElementsAre;
using testing::kind_thrown;
using testing::TempDir;
using testing::throws_error;

class MemoryBuilder : public ::testing::Test {
 protected:
  MemoryBuilder() : store_(EmbeddingStore::open_writer(dir_ / "store")) {}

  /// One record; an empty vector means that it keeps no retrieval vector.
  void add(const std::string& id, const std::string& space, const std::vector<float>& vector) {
    StoreRecord record{sha256_hex(std::to_string(number_++)), id, space, "{}", {}};
    if (!vector.empty()) record.fields["retrieval"] = at::tensor(vector);
    record.fields["other"] = at::zeros({2});
    store_->append({record});
  }
  RetrievalSpace space(const std::string& prefix = "") const {
    return choose_space(*store_, "the store", prefix);
  }

  TempDir dir_;
  std::unique_ptr<EmbeddingStore> store_;
  int number_ = 0;
};

TEST_F(MemoryBuilder, OneCasePerItemWithItsGroupAndLabel) {
  add("a", "v1", {1, 0});
  add("b", "v1", {0, 1});
  add("c", "v1", {1, 1});
  const auto memory =
      build_memory(*store_, space(), Metric::kL2, {{"b", {"b", "scene", "natural"}}});
  ASSERT_EQ(memory->size(), 3);
  EXPECT_EQ(memory->cases()[1].group, "scene");
  EXPECT_EQ(memory->cases()[1].label, "natural");
  EXPECT_EQ(memory->cases()[2].group, "");
  MemoryQuery query;
  query.vectors = retrieval_vector(*store_, space(), "a");
  query.ids = {"a"};
  EXPECT_THAT(memory->search(query).ids[0], ElementsAre("c", "b"));
}

TEST_F(MemoryBuilder, TheRecordSealedLastCounts) {
  add("a", "v1", {1, 0});
  add("b", "v1", {0, 1});
  add("a", "v1", {5, 5});
  const RetrievalSpace found = space();
  EXPECT_THAT(found.ids, ElementsAre("a", "b"));
  EXPECT_EQ(found.superseded, 1);
  EXPECT_EQ(retrieval_vector(*store_, found, "a")[0][0].item<float>(), 5.0F);
}

TEST_F(MemoryBuilder, SpacesAreChosenByPrefixAndNeverMixed) {
  add("a", "v1-x", {1, 0});
  add("a", "v2-y", {1, 0, 0});
  add("b", "untrained", {});
  EXPECT_EQ(retrieval_spaces(*store_).size(), 2U);
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "several vector spaces: v1-x (1 items, 2 numbers",
                           [&] { space(); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kUsage, "has no spaces that begin with 'w'", [&] { space("w"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "has several spaces", [&] { space("v"); }));
  EXPECT_EQ(space("v2").dimension, 3);
  // An index of one space must not pass for one of another.
  EXPECT_NE(source_digest(*store_, space("v1")), source_digest(*store_, space("v2")));
}

TEST_F(MemoryBuilder, StoresWithoutVectorsSaySo) {
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "empty store", [&] { space(); }));
  add("a", "v1", {});
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "no retrieval vectors", [&] { space(); }));
}

TEST_F(MemoryBuilder, UnfitVectorsAndUnknownItemsAreNamed) {
  add("first", "v1", {1, 0});
  add("odd", "v1", {1, 0, 0});
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "odd: has 3 numbers",
                           [&] { build_memory(*store_, space(), Metric::kL2); }));
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "did you mean 'first'",
                           [&] { retrieval_vector(*store_, space(), "frist"); }));
  add("zero", "other", {0, 0});
  EXPECT_EQ(kind_thrown([&] { build_memory(*store_, space("other"), Metric::kCosine); }),
            ErrorKind::kInput);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/memory/index_file.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "memory_samples.h"

namespace physprobe {
namespace {

using testing::expect_same;
using testing::kind_thrown;
using testing::plain_cases;
using testing::random_rows;
using testing::TempDir;

/// A saved index of thirty cases beside the memory it came from.
class IndexFile : public ::testing::Test {
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

TEST_F(IndexFile, LoadsWhatWasSaved) {
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

TEST_F(IndexFile, AnotherSourceIsRefused) {
  EXPECT_EQ(load_kind("other"), ErrorKind::kIncompatible);
}

TEST_F(IndexFile, MissingFilesAreInputErrors) {
  std::filesystem::remove(path_);
  EXPECT_EQ(load_kind(), ErrorKind::kInput);
  std::filesystem::remove(path_ + ".json");
  EXPECT_EQ(load_kind(), ErrorKind::kInput);
}

TEST_F(IndexFile, EveryFlippedByteIsRefusedBeforeFaissSeesIt) {
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

TEST_F(IndexFile, WrongSizesAreRefused) {
  const std::string intact = read_file(path_);
  for (const std::string& changed : {intact.substr(0, 10), intact + "x", std::string()}) {
    std::ofstream(path_, std::ios::binary) << changed;
    EXPECT_EQ(load_kind(), ErrorKind::kIncompatible);
  }
}

TEST_F(IndexFile, UnwritablePlaceIsAResourceError) {
  EXPECT_EQ(kind_thrown([&] { memory_->save(dir_ / "no/such/folder/index", "d"); }),
            ErrorKind::kResource);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/datasets/dataset.h"

#include <gtest/gtest.h>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using testing::DatasetFolder;

constexpr int kRows = 1'000'000;
void expect_all_read(const std::string& name, const std::string& text) {
  DatasetFolder folder;
  for (int i = 0; i < 10; ++i) folder.add("videos/clip " + std::to_string(i) + ".mp4");
  folder.add(name, text);
  const Dataset dataset = load_dataset(folder / name);
  ASSERT_EQ(dataset.items.size(), static_cast<std::size_t>(kRows));
  EXPECT_EQ(dataset.items.back().id, "item-999999");
  EXPECT_EQ(dataset.items.back().path, folder / "videos/clip 9.mp4");
}

TEST(ManifestSizeSlow, OneMillionCsvLines) {
  std::string text = "id,path,label,start_seconds,stop_seconds\n";
  for (int i = 0; i < kRows; ++i) {
    const std::string number = std::to_string(i);
    text += "item-" + number + ",videos/clip " + std::to_string(i % 10) + ".mp4,x," + number + "," +
            number + ".5\n";
  }
  expect_all_read("list.csv", text);
}

TEST(ManifestSizeSlow, OneMillionJsonLines) {
  std::string text;
  for (int i = 0; i < kRows; ++i) {
    const std::string number = std::to_string(i);
    text += "{\"id\": \"item-" + number + "\", \"path\": \"videos/clip " + std::to_string(i % 10) +
            ".mp4\", \"label\": \"x\", \"start_seconds\": " + number + "}\n";
  }
  expect_all_read("list.jsonl", text);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/datasets/dataset.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "datasets/dataset_folder.h"

namespace physprobe {
namespace {

using testing::DatasetFolder;

constexpr int kRows = 1'000'000;
/// Reading takes about 2 s of CPU on a busy 2 GHz core; three times that fails.
constexpr double kMaxSeconds = 6.0;

/// Seconds of CPU, which other processes do not lengthen.
double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void expect_read_fast(const std::string& name, const std::string& text) {
  DatasetFolder folder;
  for (int i = 0; i < 10; ++i) folder.add("videos/clip " + std::to_string(i) + ".mp4");
  folder.add(name, text);
  const double begin = cpu_seconds();
  const Dataset dataset = load_dataset(folder / name);
  const double seconds = cpu_seconds() - begin;
  ::testing::Test::RecordProperty("milliseconds", static_cast<int>(seconds * 1e3));
  ASSERT_EQ(dataset.items.size(), static_cast<std::size_t>(kRows));
  EXPECT_EQ(dataset.items.back().id, "item-999999");
  EXPECT_EQ(dataset.items.back().path, folder / "videos/clip 9.mp4");
  EXPECT_LT(seconds, kMaxSeconds);
}

TEST(ManifestSizeSlow, OneMillionCsvLines) {
  std::string text = "id,path,label,start_seconds,stop_seconds\n";
  for (int i = 0; i < kRows; ++i) {
    const std::string number = std::to_string(i);
    text += "item-" + number + ",videos/clip " + std::to_string(i % 10) + ".mp4,x," + number + "," +
            number + ".5\n";
  }
  expect_read_fast("list.csv", text);
}

TEST(ManifestSizeSlow, OneMillionJsonLines) {
  std::string text;
  for (int i = 0; i < kRows; ++i) {
    const std::string number = std::to_string(i);
    text += "{\"id\": \"item-" + number + "\", \"path\": \"videos/clip " + std::to_string(i % 10) +
            ".mp4\", \"label\": \"x\", \"start_seconds\": " + number + "}\n";
  }
  expect_read_fast("list.jsonl", text);
}

}  // namespace
}  // namespace physprobe

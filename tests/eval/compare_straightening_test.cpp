#include "physprobe/eval/compare_straightening.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/eval/run.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>

namespace physprobe {
namespace {

using testing::TempDir;
using Json = nlohmann::ordered_json;

struct Clip {
  const char* digest;
  const char* label;
  double pixel, tap;
  double fps = 24.0;
};

/// A finished run of one encoder, as far as the comparison reads it.
void write_run(const std::string& directory,
               const std::string& encoder,
               const std::vector<Clip>& clips,
               bool with_pixels = true,
               const std::string& preprocess = "luma 256") {
  std::filesystem::create_directories(directory);
  Json taps = Json::array({Json{{"name", "block.2"}, {"width", 4}}});
  if (with_pixels) taps.insert(taps.begin(), Json{{"name", "pixel"}, {"width", 9}});
  const Json results{
      {"encoders",
       Json::array(
           {Json{{"id", encoder}, {"family", "vit"}, {"preprocess", preprocess}, {"taps", taps}}})},
      {"provenance", Json{{"protocols", {"geophys/1", "straightening/curvature-1"}}}}};
  write_file_atomic(directory + "/results.json", results.dump());
  std::string lines;
  for (const Clip& clip : clips) {
    const auto tap_values = [](double value) {
      return Json{{"mean_curvature_deg", std::isnan(value) ? Json() : Json(value)}};
    };
    lines += Json{{"id", std::string("id of ") + clip.digest + encoder},
                  {"digest", clip.digest},
                  {"label", clip.label},
                  {"sampling", {{"pts_seconds", {0.0, 1.0 / clip.fps, 2.0 / clip.fps}}}},
                  {"encoders",
                   {{encoder,
                     {{"taps",
                       {{"pixel", tap_values(clip.pixel)}, {"block.2", tap_values(clip.tap)}}}}}}}}
                 .dump() +
             "\n";
  }
  write_file_atomic(directory + "/items.jsonl", lines);
  write_file_atomic(directory + "/COMPLETE", "");
}

const Json& row_from(const Json& table, const std::string& run) {
  for (const Json& row : table.at("rows")) {
    if (row.at("run") == run) return row;
  }
  throw std::runtime_error("no row from " + run);
}

class CompareStraightening : public ::testing::Test {
 protected:
  Error refused(const std::vector<std::string>& runs) const {
    try {
      compare_straightening_runs(runs, {});
    } catch (const Error& error) {
      return error;
    }
    return {ErrorKind::kInternal, "", "nothing was refused"};
  }

  TempDir dir_;
  std::string a_ = dir_ / "a";
  std::string b_ = dir_ / "b";
};

TEST_F(CompareStraightening, PairedOverTheVideosInCommon) {
  write_run(
      a_, "one",
      {{"d1", "x", 100, 90}, {"d2", "x", 80, 80}, {"d3", "y", 60, 50}, {"only a", "y", 1, 9}});
  // Another order, another model, one more video.
  write_run(
      b_, "two",
      {{"d3", "y", 60, 20}, {"only b", "x", 5, 5}, {"d2", "x", 90, 60}, {"d1", "x", 100, 70}});
  const Json comparison = compare_straightening_runs({a_, b_}, {});
  EXPECT_EQ(comparison.at("videos"), 3);
  EXPECT_EQ(comparison.at("runs")[0].at("left_out"), 1);
  EXPECT_EQ(comparison.at("runs")[1].at("left_out"), 1);
  ASSERT_EQ(comparison.at("tables").size(), 3U);  // all, x, y

  const Json& all = comparison.at("tables")[0];
  EXPECT_EQ(all.at("n"), 3);
  EXPECT_EQ(all.at("rows")[0].at("run"), b_) << "straightest first";
  const Json& first = row_from(all, a_);
  EXPECT_DOUBLE_EQ(first.at("mean_curvature_deg"), 220.0 / 3.0);
  EXPECT_DOUBLE_EQ(first.at("difference_deg"), -20.0 / 3.0);
  EXPECT_TRUE(first.at("change_deg").is_null()) << "the first run is what others are set against";
  const Json& second = row_from(all, b_);
  EXPECT_DOUBLE_EQ(second.at("difference_deg"), -100.0 / 3.0);
  // -30 + 10, -30 - 0, -40 + 10
  EXPECT_DOUBLE_EQ(second.at("change_deg"), -80.0 / 3.0);
  EXPECT_EQ(second.at("change_n"), 3);
  EXPECT_LE(second.at("change_interval").at("low"), -80.0 / 3.0);
  EXPECT_GE(second.at("change_interval").at("high"), -80.0 / 3.0);
  EXPECT_EQ(second.at("change_interval").at("n"), 3);

  const Json& x = comparison.at("tables")[1];
  EXPECT_EQ(x.at("label"), "x");
  EXPECT_EQ(x.at("n"), 2);
  EXPECT_DOUBLE_EQ(row_from(x, b_).at("change_deg"), -25.0);

  const std::string text = format_straightening_comparison(comparison);
  EXPECT_NE(text.find("3 videos in common"), std::string::npos) << text;
  EXPECT_NE(text.find("1 of 4 items left out"), std::string::npos) << text;
  EXPECT_NE(text.find("-26.7 ["), std::string::npos) << text;
}

TEST_F(CompareStraightening, ClipsWithoutAnAngleAreInNoPair) {
  write_run(a_, "one", {{"d1", "", 100, 90}, {"d2", "", 80, std::nan("")}});
  write_run(b_, "one", {{"d1", "", 100, 80}, {"d2", "", 80, 70}});
  const Json comparison = compare_straightening_runs({a_, b_}, {});
  ASSERT_EQ(comparison.at("tables").size(), 1U);
  const Json& all = comparison.at("tables")[0];
  EXPECT_EQ(row_from(all, a_).at("n"), 1);
  EXPECT_EQ(row_from(all, b_).at("n"), 2);
  EXPECT_EQ(row_from(all, b_).at("change_n"), 1);
  EXPECT_DOUBLE_EQ(row_from(all, b_).at("change_deg"), -10.0);
}

TEST_F(CompareStraightening, OtherPreprocessingIsSaid) {
  write_run(a_, "one", {{"d1", "", 100, 90}});
  write_run(b_, "two", {{"d1", "", 100, 90}});
  EXPECT_TRUE(compare_straightening_runs({a_, b_}, {}).at("notes").empty());
  write_run(b_, "two", {{"d1", "", 100, 90}}, true, "rgb 224");
  const Json comparison = compare_straightening_runs({a_, b_}, {});
  ASSERT_EQ(comparison.at("notes").size(), 1U);
  EXPECT_NE(format_straightening_comparison(comparison).find("preprocess frames differently"),
            std::string::npos);
}

TEST_F(CompareStraightening, CopiesOfAVideoArePairedOneByOne) {
  write_run(a_, "one", {{"d1", "", 100, 90}, {"d1", "", 100, 90}});
  write_run(b_, "one", {{"d1", "", 100, 80}, {"d1", "", 100, 80}, {"d1", "", 100, 80}});
  const Json comparison = compare_straightening_runs({a_, b_}, {});
  EXPECT_EQ(comparison.at("videos"), 2);
  EXPECT_EQ(comparison.at("runs")[1].at("left_out"), 1);
}

TEST_F(CompareStraightening, RefusesWhatCannotBePaired) {
  write_run(a_, "one", {{"d1", "", 100, 90}});
  write_run(b_, "one", {{"d2", "", 100, 90}});
  Error error = refused({a_, b_});
  EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
  EXPECT_NE(error.message().find("shares no video"), std::string::npos) << error.what();

  write_run(b_, "one", {{"d1", "", 100, 90, 30.0}});
  error = refused({a_, b_});
  EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
  EXPECT_NE(error.message().find("other frames"), std::string::npos) << error.what();

  write_run(b_, "one", {{"d1", "", 100, 90}}, false);
  error = refused({a_, b_});
  EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
  EXPECT_NE(error.message().find("without the pixels"), std::string::npos) << error.what();

  EXPECT_EQ(refused({a_}).kind(), ErrorKind::kUsage);
  EXPECT_EQ(refused({a_, a_ + "/results.json"}).kind(), ErrorKind::kUsage);
  write_file_atomic(b_ + "/results.json", "{}");
  EXPECT_EQ(refused({a_, b_}).kind(), ErrorKind::kInput);
  std::filesystem::remove(b_ + "/COMPLETE");
  EXPECT_EQ(refused({a_, b_}).kind(), ErrorKind::kInput);
}

/// What `run` writes is what the comparison reads.
TEST_F(CompareStraightening, ARunAgainstItselfHasNotChanged) {
  testing::write_small_items(dir_ / "data", 3, 5);
  RunOptions options;
  options.out = a_;
  options.progress = ProgressMode::kNone;
  run_suite(parse_suite(testing::small_suite(dir_ / "data"), "suite"), options);
  std::filesystem::copy(a_, b_, std::filesystem::copy_options::recursive);
  BootstrapOptions statistics;
  statistics.resamples = 99;  // as the small suite's
  const Json comparison = compare_straightening_runs({a_, b_}, statistics);
  EXPECT_EQ(comparison.at("videos"), 3);
  int paired = 0;
  for (const Json& table : comparison.at("tables")) {
    for (const Json& row : table.at("rows")) {
      if (row.at("run") != b_ || row.at("n") == 0) continue;
      ++paired;
      EXPECT_EQ(row.at("change_deg"), 0.0);
      EXPECT_EQ(row.at("change_n"), row.at("n"));
    }
  }
  EXPECT_GT(paired, 0);
  // The intervals are those of the run's own results: the same videos in the same order.
  const Json results = Json::parse(read_file(a_ + "/results.json"));
  int known = 0;
  for (const Json& own : results.at("layer_profile")) {
    if (own.at("label") != "" || own.at("condition") != "clip") continue;
    for (const Json& row : comparison.at("tables")[0].at("rows")) {
      if (row.at("run") != a_ || row.at("encoder") != own.at("encoder") ||
          row.at("tap") != own.at("tap"))
        continue;
      ++known;
      EXPECT_EQ(row.at("difference_interval"), own.at("difference_interval"));
    }
  }
  EXPECT_GT(known, 0);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/eval/voe/surprise_run.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/encoders/pixel_copy_predictor.h"
#include "physprobe/eval/voe/score_surprise.h"

#include "support/small_items.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

#include "core/expect_error.h"
#include "eval_voe/line_predictor.h"

namespace physprobe {
namespace {

using testing::LinePredictor;
using testing::throws_error;
using Json = nlohmann::ordered_json;

/// Pairs of folders of 13 frames with a manifest; the last pair's possible video has 5 frames only.
class SurpriseOfDataset : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string manifest = "id,path,label,pair,group,task\n";
    for (int i = 0; i < 8; ++i) {
      const std::string id = fmt::format("p{}_{}", i / 2, i % 2 == 0 ? "a" : "b");
      testing::write_small_item(dir_ / ("data/" + id), static_cast<uint64_t>(i + 1),
                                i == 6 ? 5 : 13);
      manifest +=
          fmt::format("{},{},{},p{},scene{},{}\n", id, id, i % 2 == 0 ? "possible" : "impossible",
                      i / 2, i / 4, i < 4 ? "gravity" : "solidity");
    }
    write_file_atomic(dir_ / "data/manifest.csv", manifest);
  }

  static std::vector<SurpriseJob> jobs(bool with_untrained = true) {
    PredictionWindows windows;
    windows.window = 8;
    windows.contexts = {2, 4};
    auto predictor = std::make_shared<LinePredictor>();
    std::vector<SurpriseJob> jobs = {{predictor, "line", {windows, true, true, false, 4}}};
    if (with_untrained)
      jobs.push_back(
          {predictor->untrained(1), "untrained (seed 1)", {windows, false, false, false, 0}});
    return jobs;
  }

  Suite suite() const {
    return parse_suite("encoders: [{family: pixels}]\n", "test",
                       {"dataset.path=" + (dir_ / "data/manifest.csv")});
  }

  SurpriseRun run(const std::string& store, bool with_nearest = true) const {
    SurpriseRunOptions options;
    options.store = store;
    options.progress = ProgressMode::kNone;
    return run_surprise(suite(), jobs(), with_nearest, options);
  }

  testing::TempDir dir_;
};

TEST_F(SurpriseOfDataset, EveryModelAndNullHasTheSameItems) {
  const SurpriseRun done = run("");
  ASSERT_TRUE(done.has_labels);
  std::vector<std::string> names;
  for (const SurpriseArrays& model : done.models) {
    names.push_back(model.set.model);
    ASSERT_EQ(model.set.items.size(), 7U);
    for (std::size_t i = 0; i < 7; ++i)
      EXPECT_EQ(model.set.items[i].id, done.models.front().set.items[i].id);
    EXPECT_EQ(model.is_null, model.set.model != "line");
  }
  EXPECT_EQ(names, (std::vector<std::string>{"line", kZeroPrediction, kCopyLastContext,
                                             kNearestCase, "untrained (seed 1)"}));
  ASSERT_EQ(done.models.front().problems.size(), 1U);
  EXPECT_EQ(done.models.front().problems[0].id, "p3_a");
  EXPECT_NE(done.models.front().problems[0].text.find("is 5 frames long"), std::string::npos);
  const SurpriseItem& item = done.models.front().set.items[5];
  EXPECT_EQ(item.id, "p2_b");
  EXPECT_EQ(item.property, "solidity");
  EXPECT_EQ(item.scene, "scene1");
  EXPECT_FALSE(item.is_possible);
  EXPECT_EQ(item.curves[0].size(), 3U);
}

TEST_F(SurpriseOfDataset, APredictorOfPixelsMayPreprocessOtherwise) {
  std::vector<SurpriseJob> all = jobs(/*with_untrained=*/false);
  PreprocessSpec small;
  small.resize = ResizeRule::kSquash;
  small.height = small.width = 16;
  const SurpriseJob pixels{make_pixel_copy_predictor(small, 2),
                           "pixel predictor pixel-copy",
                           {all.front().options.windows, false, false, false, 0}};
  all.push_back(pixels);
  SurpriseRunOptions options;
  options.progress = ProgressMode::kNone;
  const SurpriseRun both = run_surprise(suite(), all, false, options);
  const SurpriseRun alone = run_surprise(suite(), {pixels}, false, options);
  const SurpriseRun without = run_surprise(suite(), {all.front()}, false, options);
  EXPECT_EQ(both.models.back().set.model, pixels.name);
  EXPECT_TRUE(both.models.back().is_null);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(both.models.back().set.items[i].curves, alone.models.front().set.items[i].curves);
    EXPECT_EQ(both.models.front().set.items[i].curves, without.models.front().set.items[i].curves);
  }
}

TEST_F(SurpriseOfDataset, ScoresNameWhatIsMissing) {
  const SurpriseRun done = run("");
  SurpriseScoreOptions options;
  options.bootstrap.resamples = 99;
  ModelProblems problems;
  const Json results = score_surprise(done.models, options, nullptr, problems);
  EXPECT_EQ(results["models"][0]["role"], "model");
  EXPECT_EQ(results["models"][3]["role"], "null");
  EXPECT_EQ(results["models"][0]["properties"]["gravity"]["n_pairs"], 2);
  EXPECT_EQ(results["models"][0]["properties"]["solidity"]["n_pairs"], 1);
  bool has_failed = false;
  bool has_lonely = false;
  for (const auto& [model, problem] : problems) {
    has_failed = has_failed || (problem.kind == "video failed" && problem.id == "p3_a");
    has_lonely = has_lonely || (problem.kind == "no partner" && problem.id == "p3");
  }
  EXPECT_TRUE(has_failed);
  EXPECT_TRUE(has_lonely);
}

TEST_F(SurpriseOfDataset, TheStoreGivesTheSameNumbers) {
  const SurpriseRun first = run(dir_ / "store");
  const SurpriseRun second = run(dir_ / "store");
  EXPECT_EQ(first.from_store, 0);
  EXPECT_EQ(second.from_store, 7);
  const SurpriseRun fresh = run("");
  for (std::size_t m = 0; m < first.models.size(); ++m) {
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(first.models[m].set.items[i].curves, second.models[m].set.items[i].curves);
      EXPECT_EQ(first.models[m].set.items[i].curves, fresh.models[m].set.items[i].curves);
    }
  }
  EXPECT_TRUE(first.items[0].model.video.map.nan_to_num(-1).equal(
      second.items[0].model.video.map.nan_to_num(-1)));
}

TEST_F(SurpriseOfDataset, TheNearestCaseIsOfAnotherScene) {
  run(dir_ / "store");
  const auto store = EmbeddingStore::open_reader(dir_ / "store");
  int64_t seen = 0;
  store->for_each_key([&](const std::string& key, const std::string& id, const std::string&) {
    const Json meta = Json::parse(store->read(key).meta);
    if (meta.at("kind") != "nearest case") return;
    ++seen;
    const bool is_first_scene = id < "p2";
    for (const Json& context : meta.at("neighbours")) {
      for (const Json& name : context)
        EXPECT_EQ(name.get<std::string>() < "p2", !is_first_scene) << id << ' ' << name;
    }
  });
  EXPECT_EQ(seen, 7);
}

TEST_F(SurpriseOfDataset, AFrozenCopyIsItsOwnNearestCase) {
  // Two scenes of the very same videos: the nearest case of another scene is the video itself, and
  // what happened there is what happens here.
  std::filesystem::remove_all(dir_ / "data");
  std::string manifest = "id,path,label,pair,group\n";
  for (int i = 0; i < 4; ++i) {
    testing::write_small_item(dir_ / fmt::format("data/v{}", i), static_cast<uint64_t>(i % 2 + 1),
                              13);
    manifest += fmt::format("v{},v{},{},p{},s{}\n", i, i, i % 2 == 0 ? "possible" : "impossible",
                            i / 2, i / 2);
  }
  write_file_atomic(dir_ / "data/manifest.csv", manifest);
  const SurpriseRun done = run("");
  for (const SurpriseItem& item : done.models[3].set.items) {
    for (const std::vector<double>& curve : item.curves) {
      for (const double value : curve) EXPECT_EQ(value, 0.0);
    }
  }
}

TEST(SurprisePairs, MixedFrameRatesAreReported) {
  SurpriseSet set;
  for (int i = 0; i < 2; ++i) {
    SurpriseItem item;
    item.id = i == 0 ? "slow" : "fast";
    item.pair = "p";
    item.property = "all";
    item.is_possible = i == 0;
    item.curves = {{1.0, 2.0}};
    item.fps = i == 0 ? 25.0 : 30.0;
    set.items.push_back(item);
  }
  std::vector<PairProblem> problems;
  EXPECT_TRUE(surprise_pairs(set, "all", problems).empty());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, "mixed frame rates");
  EXPECT_NE(problems[0].text.find("slow has 25 frames a second, fast has 30"), std::string::npos);
  set.items[1].fps = 25.0 * 1000 / 1001 * 1.001;  // the same, rounded by a container
  EXPECT_EQ(surprise_pairs(set, "all", problems).size(), 1U);
}

TEST(SurpriseNulls, APixelPredictorThatPredictsLatentsIsRefused) {
  PredictionWindows windows;
  windows.window = 8;
  windows.contexts = {2, 4};
  SurpriseNulls nulls = surprise_nulls_from_names({"none"}, 0);
  nulls.pixel_predictor = std::make_shared<LinePredictor>();
  const nlohmann::json model = {{"family", "pixels"}};
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "line predicts latents, not pixels",
                           [&] { plan_surprise_jobs(model, windows, nulls, 0); }));
  nulls.pixel_predictor = make_pixel_copy_predictor({}, 2);
  const std::vector<SurpriseJob> jobs = plan_surprise_jobs(model, windows, nulls, 0);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[1].name, "pixel predictor pixel-copy");
}

TEST(SurpriseNulls, NamesChooseThem) {
  EXPECT_EQ(surprise_nulls_from_names({"all"}, 3).untrained_seeds, 3);
  const SurpriseNulls some = surprise_nulls_from_names({"zero", "nearest"}, 3);
  EXPECT_TRUE(some.zero && some.nearest && !some.copy && !some.pixels);
  EXPECT_EQ(some.untrained_seeds, 0);
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "'nearst' is no null",
                           [] { surprise_nulls_from_names({"nearst"}, 1); }));
}

}  // namespace
}  // namespace physprobe

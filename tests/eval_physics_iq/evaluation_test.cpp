#include "physprobe/eval/physics_iq/evaluation.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/frame_rate.h"
#include "physprobe/eval/physics_iq/scores.h"
#include "physprobe/eval/run_seal.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

#include "eval_physics_iq/minibench.h"

namespace physprobe {
namespace {

namespace fs = std::filesystem;
using testing::minibench;
using testing::TempDir;
using Json = nlohmann::json;

using testing::kModelA;
using testing::kModelB;
using testing::mini_options;
using testing::MiniBenchmarkCopy;
using testing::percent;
using testing::refusal;
using testing::run_scores;

TEST(PhysicsIqEvaluationSlow, BothMiniBenchmarkModelsEndToEnd) {
  TempDir dir;
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  const PhysicsIqOptions options = mini_options(dir / "out", {kModelA, kModelB});
  const PhysicsIqSummary summary = evaluate_physics_iq(options);
  EXPECT_EQ(summary.views, 24);
  EXPECT_TRUE(summary.failures.empty());
  const std::map<std::string, std::pair<double, double>> published = {{kModelA, {78.71, 56.62}},
                                                                      {kModelB, {25.42, 22.08}}};
  std::size_t run = 0;
  for (const auto& [model, want] : published) {
    const Json scores = run_scores(dir / "out", run++);
    EXPECT_EQ(percent(scores, "final_score_orig"), want.first) << model;
    EXPECT_EQ(percent(scores, "final_score_view"), want.second) << model;
    const Json golden = read_json(minibench("expected/" + model + "_metrics.json"));
    const Json own = read_json(dir / ("out/results/" + model + "_metrics.json"));
    for (const auto& [name, value] : golden.items())
      // The stated tolerance from videos: float32 means of the reference differ by 3e-7.
      EXPECT_NEAR(own.at(name).get<double>(), value.get<double>(), 1e-6) << model << " " << name;
    // The table that was written scores the same.
    const PhysicsIqScores again =
        score_physics_iq(read_result_table(dir / ("out/results/" + model + ".csv")));
    EXPECT_NEAR(again.final_score_view, scores.at("final_score_view").get<double>(), 1e-12);
  }
  const Json results = read_json(dir / "out/results.json");
  EXPECT_EQ(results.at("settings").at("masks"), "mp4v");
  // Take 2 is what the ceilings are made of: the guard of 1e-8 is all that is missing from 100.
  EXPECT_NEAR(results.at("runs")[0].at("baselines").at("take2").at("verified").get<double>(), 100.0,
              0.01);
  EXPECT_LT(results.at("runs")[0].at("baselines").at("frozen").at("verified").get<double>(), 60.0);
}

TEST(PhysicsIqEvaluationSlow, DirectMasksOwnRateConversionAndIdentity) {
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  TempDir dir;
  PhysicsIqOptions options = mini_options(dir / "direct", {kModelA, kModelB});
  options.mask_path = MaskPath::kDirect;
  evaluate_physics_iq(options);
  EXPECT_EQ(percent(run_scores(dir / "direct", 0), "final_score_orig"), 78.79);
  EXPECT_EQ(percent(run_scores(dir / "direct", 0), "final_score_view"), 56.65);
  EXPECT_EQ(percent(run_scores(dir / "direct", 1), "final_score_orig"), 25.40);
  EXPECT_EQ(percent(run_scores(dir / "direct", 1), "final_score_view"), 22.05);
  // Without the 15 fps folder the clips are converted here. The reference's x264 ran with other
  // threads and settings; leaving its loss out altogether moves a score by up to 0.6 (the golden
  // README), so another x264 must stay below that.
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions converted = copy.options();
  converted.plan.generated = {minibench(std::string("generated/") + kModelB)};
  evaluate_physics_iq(converted);
  EXPECT_NEAR(percent(run_scores(converted.out), "final_score_orig"), 25.42, 0.6);
  EXPECT_NEAR(percent(run_scores(converted.out), "final_score_view"), 22.08, 0.6);
  // A clip converted twice is the same file: x264 runs by one thread.
  const std::string source = copy.real_with("0001");
  convert_frame_rate(source, dir / "once.mp4", 15.0);
  convert_frame_rate(source, dir / "twice.mp4", 15.0);
  EXPECT_EQ(read_file(dir / "once.mp4"), read_file(dir / "twice.mp4"));
}

TEST(PhysicsIqEvaluationSlow, SecondRunIsByteIdenticalAndThreadsDoNotMatter) {
  TempDir dir;
  PhysicsIqOptions options = mini_options(dir / "a", {kModelA});
  options.mask_path = MaskPath::kDirect;
  options.with_media = true;
  options.threads = 2;
  evaluate_physics_iq(options);
  const auto content = [&](const std::string& out) {
    std::string all;
    for (const char* file : {"items.jsonl", "results.json", "results.csv", "digests.csv",
                             "submission_card.json", "COMPLETE"})
      all += read_file(dir / (out + "/" + file));
    return all;
  };
  const std::string first = content("a");
  const PhysicsIqSummary again = evaluate_physics_iq(options);
  EXPECT_EQ(again.from_cache, again.views);
  EXPECT_EQ(content("a"), first);
  options.out = dir / "b";
  options.threads = 1;
  evaluate_physics_iq(options);
  EXPECT_EQ(content("b"), first);
  // An interrupted evaluation is one whose cache lacks some views.
  int removed = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir / "b/cache/views"))
    if (entry.path().extension() == ".json" && removed++ % 2 == 0) fs::remove(entry.path());
  fs::remove(dir / "b/COMPLETE");
  const PhysicsIqSummary resumed = evaluate_physics_iq(options);
  EXPECT_LT(resumed.from_cache, resumed.views);
  EXPECT_GT(resumed.from_cache, 0);
  EXPECT_EQ(content("b"), first);

  // What it left is sealed: a table changed by hand is named.
  EXPECT_EQ(check_run_files(dir / "b"), std::vector<std::string>());
  const std::string table =
      (fs::path(dir / "b/results") / (std::string(kModelA) + ".samples.csv")).string();
  write_file_atomic(table, read_file(table) + "x\n");
  const std::vector<std::string> problems = check_run_files(dir / "b");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].find(table), 0U) << problems[0];
}

TEST(PhysicsIqPlan, NamesEveryMissingExtraAndWrongVideoAtOnce) {
  const MiniBenchmarkCopy copy;
  fs::rename(copy.generated_with("0005"), copy.generated("0055_x.mp4"));
  fs::remove(copy.generated_with("0007"));
  write_file_atomic(copy.generated("notes.txt"), "x");
  fs::create_directory(copy.generated("folder"));
  fs::remove(copy.real_with("0199"));
  const std::string text = refusal(copy.options());
  for (const char* part : {"0005", "0007", "0055", "take 2"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in " << text;
  EXPECT_EQ(text.find("notes.txt"), std::string::npos);
}

TEST(PhysicsIqPlan, ArbitraryNamesStrayFilesAndExtraScenesAreAccepted) {
  const MiniBenchmarkCopy copy;
  fs::rename(copy.generated_with("0005"), copy.generated("0005_whatever.mp4"));
  write_file_atomic(copy.generated("notes.txt"), "x");
  fs::create_directory(copy.generated("folder"));
  fs::copy_file(copy.real_with("0001"),
                copy.path("physics-IQ-benchmark-verified/split-videos/testing/30FPS/"
                          "0013_testing-videos_30FPS_perspective-left_take-1_trimmed-extra.mp4"));
  const EvaluationPlan plan = plan_evaluation(copy.options().plan);
  EXPECT_EQ(plan.jobs.size(), 12U);
  std::string warnings;
  for (const std::string& warning : plan.warnings) warnings += warning + "\n";
  EXPECT_NE(warnings.find("notes.txt"), std::string::npos);
  EXPECT_NE(warnings.find("folder"), std::string::npos);
  EXPECT_NE(warnings.find("aspect"), std::string::npos);
  EXPECT_TRUE(fs::exists(copy.generated("0005_whatever.mp4"))) << "user files are never renamed";
}

TEST(PhysicsIqPlan, FoldersAndTablesThatAreNotThere) {
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions options = copy.options();
  options.plan.generated = {copy.path("nowhere")};
  EXPECT_NE(refusal(options).find("nowhere"), std::string::npos);
  fs::create_directory(copy.path("empty"));
  options.plan.generated = {copy.path("empty")};
  EXPECT_NE(refusal(options).find("no video"), std::string::npos);
  options = copy.options();
  options.plan.descriptions = copy.path("none.csv");
  EXPECT_NE(refusal(options).find("none.csv"), std::string::npos);
  write_file_atomic(copy.path("other.csv"), "name,category\nx,y\n");
  options.plan.descriptions = copy.path("other.csv");
  EXPECT_NE(refusal(options).find("'scenario'"), std::string::npos);
  options = copy.options();
  write_file_atomic(copy.path("more.csv"),
                    read_file(copy.path("descriptions.csv")) +
                        "0013_perspective-left_take-1_trimmed-absent.mp4,x,Optics,x.mp4\n");
  options.plan.descriptions = copy.path("more.csv");
  EXPECT_NE(refusal(options).find("trimmed-absent.mp4"), std::string::npos);
  options = copy.options();
  options.plan.benchmark = copy.path("empty");
  EXPECT_NE(refusal(options).find("split-videos"), std::string::npos);
}

TEST(PhysicsIqPlan, ACorruptVideoIsNamed) {
  const MiniBenchmarkCopy copy;
  const std::string path = copy.generated_with("0004");
  const std::string bytes = read_file(path);
  write_file_atomic(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_NE(refusal(copy.options()).find("0004"), std::string::npos);
}

TEST(PhysicsIqPlan, DurationsNameTheFlagThatAcceptsThem) {
  PlanOptions options;
  EXPECT_EQ(frames_of_five_seconds(30.0), 150);
  EXPECT_EQ(frames_of_five_seconds(12.8), 64);
  EXPECT_EQ(frames_of_five_seconds(30000.0 / 1001.0), 150);
  EXPECT_EQ(frames_of_five_seconds(24000.0 / 1001.0), 120);
  // The real clip lasts 5 s; as a generated video of 150 frames it fits, of other rates it does
  // not.
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions wrong = copy.options();
  wrong.plan.drop_first = 1;
  const std::string text = refusal(wrong);
  EXPECT_NE(text.find("149 frames at 30 fps"), std::string::npos) << text;
  EXPECT_NE(text.find("--frames first:149"), std::string::npos) << text;
  EXPECT_NE(text.find("generate 151 frames"), std::string::npos) << text;
  wrong.plan.first_frames = 149;
  EXPECT_EQ(refusal(wrong), "");
  wrong.plan.first_frames = 0;
  wrong.plan.drop_first = 200;
  const std::string nothing_left = refusal(wrong);
  EXPECT_NE(nothing_left.find("0 frames at 30 fps (200 left out) last 0.000 s"), std::string::npos)
      << nothing_left;
  EXPECT_NE(nothing_left.find("--drop-first has to leave some of its 150"), std::string::npos);
  EXPECT_EQ(nothing_left.find("first:-"), std::string::npos) << nothing_left;
}

TEST(PhysicsIqPlan, OptionsSayWhatTheyAllow) {
  PlanOptions options;
  EXPECT_THROW(options.validate(), Error);
  options.generated = {"a"};
  EXPECT_THROW(options.validate(), Error);
  options.descriptions = "d.csv";
  EXPECT_NO_THROW(options.validate());
  options.ground_truth = "other";
  EXPECT_THROW(options.validate(), Error);
}

TEST(PhysicsIqEvaluationSlow, StaleMasksAreNeverUsed) {
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  const MiniBenchmarkCopy copy;
  const PhysicsIqOptions options = copy.options();
  evaluate_physics_iq(options);
  EXPECT_EQ(percent(run_scores(options.out), "final_score_orig"), 78.71);
  // The same names, other videos: the real takes of the same scenes.
  for (const char* id : {"0001", "0002", "0003"})
    fs::copy_file(copy.real_with(id), copy.generated_with(id),
                  fs::copy_options::overwrite_existing);
  const PhysicsIqSummary second = evaluate_physics_iq(options);
  EXPECT_EQ(second.from_cache, 9);
  EXPECT_NE(percent(run_scores(options.out), "final_score_orig"), 78.71);
}

TEST(PhysicsIqEvaluationSlow, OwnSetWithAndWithoutSecondTake) {
  TempDir dir;
  const MiniBenchmarkCopy copy;
  const std::string manifest = dir / "set.csv";
  write_file_atomic(manifest,
                    "id,generated,real,take2,category\nfirst," + copy.generated_with("0001") + "," +
                        copy.real_with("0001") + "," + copy.real_with("0199") + ",solids\nsecond," +
                        copy.generated_with("0004") + "," + copy.real_with("0004") + ",,fluids\n");
  PhysicsIqOptions options = mini_options(dir / "out", {});
  options.plan = {};
  options.plan.manifest = manifest;
  options.mask_path = MaskPath::kDirect;
  const PhysicsIqSummary summary = evaluate_physics_iq(options);
  EXPECT_EQ(summary.views, 2);
  EXPECT_TRUE(summary.failures.empty());
  std::vector<Json> lines;
  for_each_json_line(dir / "out/items.jsonl",
                     [&](int64_t, const Json& line) { lines.push_back(line); });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].at("score").is_number());
  EXPECT_TRUE(lines[1].at("score").is_null()) << "without take 2 there is no ceiling";
  EXPECT_TRUE(lines[1].at("metrics").at("spatial_iou").is_number());
  EXPECT_NEAR(run_scores(dir / "out").at("final_score_view").get<double>() * 100.0,
              lines[0].at("score").get<double>(), 1e-9);
}

TEST(PhysicsIqEvaluationSlow, OwnSetOfSeveralRatesPartlyInCategories) {
  TempDir dir;
  const std::string folder = minibench("generated/") + "/";
  const std::string slow = folder + kModelB + "/0004_perspective-left_trimmed-tank-fills.mp4";
  const std::string fast = folder + kModelA + "/0004_perspective-left_trimmed-tank-fills.mp4";
  write_file_atomic(dir / "set.csv", "id,generated,real,take2,category\na," + fast + "," + fast +
                                         "," + fast + ",fluids\nb," + slow + "," + slow + "," +
                                         fast + ",\n");
  PhysicsIqOptions options = mini_options(dir / "out", {});
  options.plan = {};
  options.plan.manifest = dir / "set.csv";
  options.mask_path = MaskPath::kDirect;
  evaluate_physics_iq(options);
  const Json results = read_json(dir / "out/results.json");
  EXPECT_TRUE(results.at("runs").at(0).at("fps").is_null()) << "30 and 15";
  EXPECT_TRUE(results.at("runs").at(0).at("frames").is_null()) << "150 and 75";
  std::vector<std::pair<std::string, int64_t>> verified;
  for (const Json& score : results.at("scores"))
    if (score.at("name") == "physics_iq_verified")
      verified.emplace_back(score.at("label").get<std::string>(), score.at("n").get<int64_t>());
  const std::vector<std::pair<std::string, int64_t>> expected = {{"fluids", 1}, {"", 2}};
  EXPECT_EQ(verified, expected) << "the label \"\" is the whole run's";
  EXPECT_NE(format_physics_iq_summary(dir / "out").find(" mixed\n"), std::string::npos);
}

TEST(PhysicsIqEvaluationSlow, ABrokenVideoOfOneRunLeavesTheOthersAlone) {
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions options = copy.options();
  fs::copy(copy.generated(), copy.path("broken"), fs::copy_options::recursive);
  options.plan.generated.insert(options.plan.generated.begin(), copy.path("broken"));
  const std::string path = copy.path("broken/0004_perspective-left_trimmed-tank-fills.mp4");
  std::string bytes = read_file(path);
  // Sound headers, pictures that do not decode: found by the reading only.
  const std::size_t pictures = bytes.find("mdat") + 3000;
  ASSERT_LT(pictures + 6000, bytes.size());
  for (std::size_t i = pictures; i < pictures + 6000; i += 7) bytes[i] = ~bytes[i];
  write_file_atomic(path, bytes);
  ::testing::internal::CaptureStderr();
  const PhysicsIqSummary summary = evaluate_physics_iq(options);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "FFmpeg's words, which OpenCV wants";
  ASSERT_EQ(summary.failures.size(), 1U);
  EXPECT_NE(summary.failures[0].find("broken/0004_"), std::string::npos) << summary.failures[0];
  EXPECT_EQ(percent(run_scores(options.out, 1), "final_score_view"),
            options.mask_path == MaskPath::kMp4v ? 56.62 : 56.65);
  EXPECT_TRUE(run_scores(options.out).is_null()) << "a run that lacks a view has no score";
  EXPECT_NE(format_physics_iq_summary(options.out).find("take 2 as the model"), std::string::npos)
      << "the baselines of the run that is scored";
  const Json counts = read_json(options.out + "/results.json").at("counts");
  EXPECT_EQ(counts.at("ok"), 23);
  EXPECT_EQ(counts.at("failed"), 1);
  EXPECT_NE(read_file(options.out + "/failures.jsonl").find("\"broken/trimmed-tank-fills.mp4/left"),
            std::string::npos);
}

TEST(PhysicsIqPlan, UnknownColumnsOfAManifestAreSaid) {
  TempDir dir;
  const std::string clip = minibench(std::string("generated/") + kModelA +
                                     "/0001_perspective-left_trimmed-disc-and-block.mp4");
  write_file_atomic(dir / "set.csv", "generated,real,take_2\n" + clip + "," + clip + ",x\n");
  PlanOptions options;
  options.manifest = dir / "set.csv";
  const EvaluationPlan plan = plan_evaluation(options);
  ASSERT_EQ(plan.warnings.size(), 2U);
  EXPECT_NE(plan.warnings[1].find("1 of 1 rows name no take2"), std::string::npos)
      << plan.warnings[1];
  EXPECT_NE(plan.warnings[0].find("'take_2'"), std::string::npos);
  EXPECT_NE(plan.warnings[0].find("did you mean 'take2'"), std::string::npos) << plan.warnings[0];
}

}  // namespace
}  // namespace physprobe

// What a plan refuses or accepts beyond the golden situations: several problems at once, rates that
// differ where every clip is converted, second takes and published masks that do not fit.
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "eval_physics_iq/edited_clips.h"
#include "eval_physics_iq/minibench.h"

namespace physprobe {
namespace {

namespace fs = std::filesystem;
using testing::add_masks;
using testing::first;
using testing::halve;
using testing::MiniBenchmarkCopy;
using testing::refusal;
using testing::rewrite;

TEST(PhysicsIqPlanProblems, AllProblemsOfAllFoldersAreListedAtOnce) {
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions options = copy.options();
  fs::copy(copy.generated(), copy.path("second"), fs::copy_options::recursive);
  options.plan.generated.push_back(copy.path("second"));
  fs::remove(copy.generated_with("0001"));
  halve(copy.generated_with("0002"));
  rewrite(copy.generated_with("0003"), copy.generated_with("0003"), 30.0, first(149));
  rewrite(copy.generated_with("0004"), copy.generated_with("0004"), 25.0, first(120));
  fs::rename(copy.path("second/0005_perspective-center_trimmed-tank-fills.mp4"),
             copy.path("second/five.mp4"));
  fs::remove(copy.real_with("0204"));
  halve(copy.real_with("0007"));
  const std::string text = refusal(options);
  for (const char* part :
       {"no video for id 0001", "0002_", "149 frames at 30 fps", "25 fps, the folder's",
        "120 frames at 25 fps", "five.mp4: the name does not begin", "no video for id 0005",
        "0204_testing-videos", "0007_testing-videos", "9 problems"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
}

TEST(PhysicsIqPlanProblems, MixedRatesAreAcceptedWhereEveryClipIsConverted) {
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions options = copy.options();
  rewrite(copy.generated_with("0002"), copy.generated_with("0002"), 25.0, first(125));
  options.plan.resample_fps = 8.0;
  EXPECT_EQ(refusal(options), "");
  for (const ViewJob& job : plan_evaluation(options.plan).jobs) {
    EXPECT_EQ(job.frames, 40);
    EXPECT_EQ(job.generated.at(0).clip.convert_to_fps, 8.0);
  }
  options.plan.drop_first = 1;
  EXPECT_THROW(plan_evaluation(options.plan), Error);
}

TEST(PhysicsIqPlanProblems, SpansOfConvertedClipsAreSaidInTheClipsOwnFrames) {
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions options = copy.options();
  rewrite(copy.generated_with("0002"), copy.generated_with("0002"), 30.0, first(121));
  options.plan.resample_fps = 24.0;
  const std::string text = refusal(options);
  EXPECT_NE(text.find("121 frames at 30 fps last 4.033 s, expected 5 s (150); generate 150 frames; "
                      "--frames first:96 would"),
            std::string::npos)
      << text;
  // One frame too many: five seconds can be had, and are when the flag asks for them.
  rewrite(copy.generated_with("0003"), copy.generated_with("0002"), 30.0, [] {
    std::vector<int64_t> indices = first(150);
    indices.push_back(149);
    return indices;
  }());
  const std::string longer = refusal(options);
  EXPECT_NE(longer.find("151 frames at 30 fps last 5.033 s, expected 5 s (150); --frames first:120 "
                        "uses the first 120"),
            std::string::npos)
      << longer;
  EXPECT_EQ(longer.find("--drop-first"), std::string::npos) << "and --rate exclude one another";
  options.plan.first_frames = 120;
  EXPECT_EQ(refusal(options), "");
}

TEST(PhysicsIqPlanProblems, ASecondTakeOfAnotherShapeAndShortMasksAreNamed) {
  const MiniBenchmarkCopy copy;
  PhysicsIqOptions options = copy.options();
  rewrite(copy.real_with("0199"), copy.real_with("0199"), 30.0, first(150), 160, 100);
  std::string warnings;
  for (const std::string& warning : plan_evaluation(options.plan).warnings) warnings += warning;
  EXPECT_NE(warnings.find("take 2: the aspect ratio of 0"), std::string::npos) << warnings;
  add_masks(copy);
  options.plan.real_masks = "published";
  const std::string path = copy.path(
      "physics-IQ-benchmark-verified/video-masks/real/30FPS/0004_video-masks_30FPS_"
      "perspective-left_take-1_trimmed-tank-fills.mp4");
  rewrite(path, path, 30.0, first(100));
  EXPECT_NE(refusal(options).find("holds 100 masks, 150 are needed"), std::string::npos)
      << refusal(options);
}

TEST(PhysicsIqPlanProblems, ATableWithoutSecondTakesNamesTheirScenes) {
  const MiniBenchmarkCopy copy;
  std::string kept;
  std::istringstream lines(read_file(copy.path("descriptions.csv")));
  for (std::string line; std::getline(lines, line);)
    if (line.find("take-2_trimmed-lamp-sweep") == std::string::npos) kept += line + "\n";
  write_file_atomic(copy.path("descriptions.csv"), kept);
  std::string text = refusal(copy.options());
  EXPECT_NE(text.find("names no take 2 of 'trimmed-lamp-sweep.mp4', view left"), std::string::npos)
      << text;
  // Nor is a scene scored from two sides only.
  const std::string row = "0003_perspective-right_take-1";
  const std::size_t begin = kept.find(row);
  kept.erase(begin, kept.find('\n', begin) - begin + 1);
  write_file_atomic(copy.path("descriptions.csv"), kept);
  fs::remove(copy.generated_with("0003"));
  text = refusal(copy.options());
  EXPECT_NE(text.find("'trimmed-disc-and-block.mp4' has no view right"), std::string::npos) << text;
}

}  // namespace
}  // namespace physprobe

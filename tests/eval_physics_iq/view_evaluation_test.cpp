#include "physprobe/eval/physics_iq/view_evaluation.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/eval/physics_iq/clip_pass.h"
#include "physprobe/eval/physics_iq/frame_rate.h"
#include "physprobe/eval/physics_iq/frame_resize.h"
#include "physprobe/eval/physics_iq/result_table.h"
#include "physprobe/video/video_reader.h"

#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/tensor_near.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sys/inotify.h>
#include <unistd.h>

#include "eval_physics_iq/minibench.h"

namespace physprobe {
namespace {

using testing::golden_path;
using testing::minibench;
using testing::TempDir;
using testing::tensor_near;

constexpr const char* kReal = "physics-IQ-benchmark-verified/split-videos/testing/";

TEST(PhysicsIqResize, EveryGoldenSizeExactly) {
  const auto golden = read_safetensors(golden_path("physics_iq/resize.safetensors"));
  for (const char* name : {"down4", "down_odd", "square", "small_up", "mask_ties"}) {
    const at::Tensor in = golden.at(std::string(name) + ".in");
    const at::Tensor& want = golden.at(std::string(name) + ".out");
    const int channels = in.dim() == 4 ? 3 : 1;
    at::Tensor out = at::empty_like(want);
    for (int64_t i = 0; i < in.size(0); ++i)
      resize_for_metrics(in[i].contiguous().data_ptr<uint8_t>(), in.size(1), in.size(2), channels,
                         out[i].data_ptr<uint8_t>(), want.size(1), want.size(2));
    EXPECT_TRUE(tensor_near(out, want, 0.0)) << name;
  }
}

TEST(PhysicsIqFrameRate, EveryGoldenRateExactly) {
  const auto golden = read_safetensors(golden_path("physics_iq/fps_change.safetensors"));
  const at::Tensor in = golden.at("in_30fps");
  for (const int fps : {8, 12, 15, 16, 24, 25}) {
    const at::Tensor& want = golden.at("out_" + std::to_string(fps) + "fps");
    int64_t frames_read = 0;
    const auto mapping = frame_rate_mapping(in.size(0), 30.0, fps, frames_read);
    ASSERT_EQ(static_cast<int64_t>(mapping.size()), want.size(0)) << fps;
    at::Tensor out = at::empty_like(want);
    for (std::size_t j = 0; j < mapping.size(); ++j) {
      const at::Tensor a = in[mapping[j].index].contiguous();
      const at::Tensor b = in[std::min(mapping[j].index + 1, frames_read - 1)].contiguous();
      blend_frames(a.data_ptr<uint8_t>(), b.data_ptr<uint8_t>(), mapping[j].weight, a.numel(),
                   out[static_cast<int64_t>(j)].data_ptr<uint8_t>());
    }
    EXPECT_TRUE(tensor_near(out, want, 0.0)) << fps;
  }
}

TEST(PhysicsIqFrameRate, OnlyTheFirstFiveSecondsAreUsed) {
  const nlohmann::json expected =
      nlohmann::json::parse(read_file(golden_path("physics_iq/fps_change_expected.json")));
  int compared = 0;
  for (const auto& [name, values] : expected.items()) {
    if (name.rfind("ramp158_", 0) != 0) continue;
    ++compared;
    int64_t frames_read = 0;
    const auto mapping = frame_rate_mapping(158, 30.0, std::stod(name.substr(8)), frames_read);
    EXPECT_EQ(frames_read, 150);
    ASSERT_EQ(mapping.size(), values.size()) << name;
    for (std::size_t j = 0; j < mapping.size(); ++j) {
      const auto a = static_cast<uint8_t>(mapping[j].index);
      const auto b = static_cast<uint8_t>(std::min(mapping[j].index + 1, frames_read - 1));
      uint8_t out = 0;
      blend_frames(&a, &b, mapping[j].weight, 1, &out);
      EXPECT_EQ(out, values[j].get<int>()) << name << " frame " << j;
    }
  }
  EXPECT_GE(compared, 5);
}

TEST(PhysicsIqFrameRate, OneFrameStaysOneFrame) {
  int64_t frames_read = 0;
  const auto mapping = frame_rate_mapping(3, 30.0, 10.0, frames_read);
  ASSERT_EQ(mapping.size(), 1U);
  EXPECT_EQ(mapping[0].index, 0);
}

MaskStack quarter_masks(const std::string& path, double fps, int64_t frames, MaskPath mask_path) {
  TempDir scratch;
  ClipOptions options;
  options.mask_path = mask_path;
  options.frames = frames;
  options.fps = fps;
  options.height = 29;
  options.width = 52;
  return pass_over_clip(open_clip(path, options.colour_tags), options, true, scratch.path(),
                        [](int64_t, const uint8_t*) {});
}

TEST(PhysicsIqMasks, AKilledPassLeavesOnlyWhatTheNextStartRemoves) {
  if (!has_mask_codec()) GTEST_SKIP() << "OpenCV has no videoio here";
  const TempDir scratch;
  const std::string clip = minibench(std::string(kReal) +
                                     "15FPS/0001_testing-videos_15FPS_perspective-left_take-1_"
                                     "trimmed-disc-and-block.mp4");
  ClipOptions options;
  options.mask_path = MaskPath::kMp4v;
  options.frames = 2;
  options.fps = 15.0;
  options.height = 29;
  options.width = 52;
  const int watch = inotify_init1(IN_NONBLOCK);
  ASSERT_GE(inotify_add_watch(watch, scratch.path().c_str(), IN_CREATE), 0);
  pass_over_clip(open_clip(clip, options.colour_tags), options, true, scratch.path(),
                 [](int64_t, const uint8_t*) {});
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
  // All that lay there meanwhile bore the name of a temporary of this process.
  alignas(inotify_event) char events[4096];
  const ssize_t length = read(watch, events, sizeof events);
  close(watch);
  ASSERT_GT(length, 0) << "nothing was made there";
  const std::string own = ".tmp-" + std::to_string(getpid()) + "-";
  for (ssize_t at = 0; at < length;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events + at);
    std::string name = event->name;
    ASSERT_NE(name.find(own), std::string::npos) << name;
    name.replace(name.find(own), own.size(), ".tmp-99999999-");  // of a process that is dead
    create_directories(scratch / name);
    at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
  }
  remove_leftover_temporaries(scratch.path());
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(PhysicsIqMasks, QuarterSizeMasksOfGoldenClipsOnBothPaths) {
  const auto golden = read_safetensors(minibench("expected/decoded_samples.safetensors"));
  for (const auto& [name, path] :
       {std::pair<std::string, std::string>{
            "v0", std::string(kReal) + "15FPS/0001_testing-videos_15FPS_perspective-left_"
                                       "take-1_trimmed-disc-and-block.mp4"},
        {"v1", "generated/model-b-op-run_01/0012_perspective-right_trimmed-still-objects.mp4"}}) {
    for (const auto& [key, mask_path] :
         {std::pair<std::string, MaskPath>{".quarter_mask_codec", MaskPath::kMp4v},
          {".quarter_mask_no_codec", MaskPath::kDirect}}) {
      if (mask_path == MaskPath::kMp4v && !has_mask_codec()) continue;
      const MaskStack masks = quarter_masks(minibench(path), 15.0, 75, mask_path);
      const at::Tensor& want = golden.at(name + key);
      int64_t wrong = 0;
      for (int64_t t = 0; t < want.size(0); ++t)
        for (int64_t y = 0; y < want.size(1); ++y)
          for (int64_t x = 0; x < want.size(2); ++x)
            wrong += masks.at(t, y, x) != (want[t][y][x].item<uint8_t>() != 0) ? 1 : 0;
      EXPECT_EQ(wrong, 0) << name << key;
    }
  }
}

ViewJob disc_left() {
  ViewJob job;
  job.scenario = "trimmed-disc-and-block.mp4";
  job.view = "left";
  job.take1.path = minibench(std::string(kReal) +
                             "30FPS/0001_testing-videos_30FPS_perspective-left_take-1_trimmed-disc-"
                             "and-block.mp4");
  job.take2.path = minibench(std::string(kReal) +
                             "30FPS/0199_testing-videos_30FPS_perspective-left_take-2_trimmed-disc-"
                             "and-block.mp4");
  job.fps = 30.0;
  job.frames = 150;
  job.generated.push_back(
      {0,
       {minibench("generated/model-a-bpp-run_01/0001_perspective-left_trimmed-disc-and-block.mp4"),
        0.0}});
  return job;
}

TEST(PhysicsIqViewEvaluation, ShrunkFramesOfTwoTakesDifferAsTheReferenceSays) {
  const ViewJob job = disc_left();
  std::vector<uint8_t> frames[2];
  TempDir scratch;
  ClipOptions options;
  options.frames = 1;
  options.fps = 30.0;
  options.height = 29;
  options.width = 52;
  for (const int take : {0, 1})
    pass_over_clip(open_clip(take == 0 ? job.take1.path : job.take2.path, options.colour_tags),
                   options, false, scratch.path(), [&](int64_t, const uint8_t* rgb) {
                     frames[take].assign(rgb, rgb + options.height * options.width * 3);
                   });
  int64_t sum = 0;
  for (std::size_t i = 0; i < frames[0].size(); ++i)
    sum += (frames[0][i] - frames[1][i]) * (frames[0][i] - frames[1][i]);
  const auto count = static_cast<int64_t>(frames[0].size());
  EXPECT_DOUBLE_EQ(frame_mse(frames[0].data(), frames[1].data(), count),
                   static_cast<double>(sum) / 65025.0 / static_cast<double>(count));
  // First entry of variance_mse in the golden table; the reference averages in float32.
  EXPECT_NEAR(static_cast<double>(sum) / 65025.0 / static_cast<double>(count), 0.001045819604769349,
              2e-9);
}

void expect_view(const ViewMetrics& actual, const ViewMetrics& want) {
  // Tables come rounded to four decimals by the reader; both sides are.
  const auto lists = [](const std::vector<double>& a, const std::vector<double>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 5.1e-5) << i;
  };
  lists(actual.spatiotemporal_iou_v1, want.spatiotemporal_iou_v1);
  lists(actual.spatiotemporal_iou_v2, want.spatiotemporal_iou_v2);
  lists(actual.variance_spatiotemporal_iou, want.variance_spatiotemporal_iou);
  lists(actual.mse_v1, want.mse_v1);
  lists(actual.mse_v2, want.mse_v2);
  lists(actual.variance_mse, want.variance_mse);
  constexpr double kIou = 1e-9;
  EXPECT_NEAR(actual.spatial_iou_v1, want.spatial_iou_v1, kIou);
  EXPECT_NEAR(actual.spatial_iou_v2, want.spatial_iou_v2, kIou);
  EXPECT_NEAR(actual.weighted_spatial_iou_v1, want.weighted_spatial_iou_v1, kIou);
  EXPECT_NEAR(actual.weighted_spatial_iou_v2, want.weighted_spatial_iou_v2, kIou);
  EXPECT_NEAR(actual.variance_spatial, want.variance_spatial, kIou);
  EXPECT_NEAR(actual.variance_weighted_spatial, want.variance_weighted_spatial, kIou);
}

TEST(PhysicsIqViewEvaluation, OneViewOnBothMaskPathsAndFromTheCache) {
  TempDir cache;
  for (const auto& [mask_path, table] :
       {std::pair<MaskPath, const char*>{MaskPath::kDirect,
                                         "expected/model-a-bpp-run_01.no_mask_codec.csv"},
        {MaskPath::kMp4v, "expected/model-a-bpp-run_01.csv"}}) {
    if (mask_path == MaskPath::kMp4v && !has_mask_codec()) continue;
    const ViewMetrics want = read_result_table(minibench(table)).rows.at(0).views.at("left");
    ViewEvaluationOptions options;
    options.cache = cache.path();
    options.mask_path = mask_path;
    const ViewJob job = disc_left();
    const ViewOutcome first = evaluate_view(job, options);
    EXPECT_FALSE(first.was_cached);
    expect_view(joined(first.truth, first.generated.at(0).metrics), want);
    EXPECT_TRUE(std::filesystem::exists(first.media.at(0) + ".jpg"));
    const ViewOutcome second = evaluate_view(job, options);
    EXPECT_TRUE(second.was_cached);
    EXPECT_EQ(generated_json(second.generated.at(0)), generated_json(first.generated.at(0)));
    EXPECT_EQ(truth_json(second.truth), truth_json(first.truth));
  }
}

TEST(PhysicsIqViewEvaluation, AnotherVideoUnderTheSameNameIsNotMistaken) {
  TempDir folder;
  ViewJob job = disc_left();
  const std::string path = folder / "0001.mp4";
  std::filesystem::copy_file(job.generated[0].clip.path, path);
  job.generated[0].clip.path = path;
  ViewEvaluationOptions options;
  options.cache = folder / "cache";
  options.mask_path = MaskPath::kDirect;
  options.with_media = false;
  const ViewOutcome before = evaluate_view(job, options);
  std::filesystem::copy_file(job.take1.path, path,
                             std::filesystem::copy_options::overwrite_existing);
  const ViewOutcome after = evaluate_view(job, options);
  EXPECT_FALSE(after.was_cached);
  EXPECT_EQ(after.generated.at(0).metrics.spatial_iou_v1, 1.0);
  EXPECT_NE(before.generated.at(0).metrics.spatial_iou_v1, 1.0);
}

}  // namespace
}  // namespace physprobe

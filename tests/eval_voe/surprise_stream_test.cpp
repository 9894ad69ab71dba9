#include "physprobe/eval/voe/surprise_stream.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/pixel_copy_predictor.h"
#include "physprobe/eval/voe/surprise_pass.h"
#include "physprobe/eval/voe/tensor_videos.h"
#include "physprobe/probes/surprise.h"

#include "support/temp_dir.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/expect_error.h"
#include "eval_voe/line_predictor.h"

namespace physprobe {
namespace {

using testing::LinePredictor;
using testing::noise_frames;
using testing::throws_error;

PredictionWindows small_windows() {
  PredictionWindows windows;
  windows.window = 8;
  windows.contexts = {2, 4, 6};
  return windows;
}

VideoSurprise surprise(const at::Tensor& frames,
                       const SurpriseStreamOptions& options,
                       int64_t batch = 2,
                       std::shared_ptr<const Predictor> predictor = nullptr) {
  if (!predictor) predictor = std::make_shared<LinePredictor>();
  SurprisePassOptions pass;
  pass.batch_windows = batch;
  return surprise_of_tensor({"video", frames, true}, {{predictor, "line", options}}, pass).front();
}

TEST(PredictionWindows, StartsAreThoseOfWholeWindows) {
  PredictionWindows windows;
  EXPECT_EQ(window_starts(49, windows).size(), 17U);  // IntPhys at skip 2, window 16
  EXPECT_EQ(window_starts(15, windows).size(), 0U);
  EXPECT_EQ(window_starts(16, windows), (std::vector<int64_t>{0}));
  windows.contexts = {2, 5};
  EXPECT_TRUE(
      throws_error(ErrorKind::kUsage, "whole number of steps", [&] { windows.validate(2); }));
  windows.contexts = {2, 16};
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "nothing to predict", [&] { windows.validate(2); }));
  windows.contexts = {4, 2};
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "ascending", [&] { windows.validate(2); }));
}

TEST(WindowBuffer, WindowsAreSlicesWhateverTheChunks) {
  const at::Tensor frames = noise_frames(3, 21, 4, 4);
  for (const int64_t stride : {1, 2, 5, 11}) {
    PredictionWindows windows = small_windows();
    windows.stride = stride;
    for (const int64_t chunk : {1, 3, 21}) {
      std::vector<int64_t> starts;
      WindowBuffer buffer(windows, 3, [&](const WindowBatch& batch) {
        EXPECT_EQ(batch.first, static_cast<int64_t>(starts.size()));
        for (std::size_t i = 0; i < batch.starts.size(); ++i) {
          const int64_t start = batch.starts[i];
          EXPECT_TRUE(
              batch.frames[static_cast<int64_t>(i)].equal(frames.slice(0, start, start + 8)));
        }
        starts.insert(starts.end(), batch.starts.begin(), batch.starts.end());
      });
      for (int64_t begin = 0; begin < 21; begin += chunk)
        buffer.add(frames.slice(0, begin, std::min<int64_t>(21, begin + chunk)));
      buffer.finish();
      EXPECT_EQ(starts, window_starts(21, windows)) << stride << ' ' << chunk;
    }
  }
}

TEST(SurpriseStream, CurvesAreTheDefinition) {
  const at::Tensor frames = noise_frames(1, 13, 16, 24);
  const VideoSurprise video = surprise(frames, {small_windows(), true, true, true, 4});
  const LinePredictor predictor;
  ASSERT_EQ(video.starts, (std::vector<int64_t>{0, 2, 4}));
  for (std::size_t c = 0; c < 3; ++c) {
    const int64_t context = small_windows().contexts[c];
    const PrefixSplit split = prefix_split(4 * 6, context / 2, 4);
    for (std::size_t a = 0; a < 3; ++a) {
      const int64_t start = video.starts[a];
      const at::Tensor window = frames.slice(0, start, start + 8).unsqueeze(0);
      const at::Tensor seen = window.slice(1, 0, context);
      const at::Tensor future = predictor.targets(window).index_select(1, split.target);
      EXPECT_EQ(
          video.curves[c][a],
          surprise_of(predictor.predict(seen, split.context, split.target, 8), future).front());
      EXPECT_EQ(video.zero_prediction[c][a], surprise_of(at::zeros_like(future), future).front());
      // Predictions are never normalised, but the copied latent is one that is.
      const at::Tensor last = at::layer_norm(predictor.targets(seen), {6}).slice(1, -6);
      EXPECT_NEAR(video.copy_last_context[c][a],
                  surprise_of(last.repeat({1, (8 - context) / 2, 1}), future).front(),
                  1e-6);  // layer_norm computes in float32
    }
  }
}

TEST(SurpriseStream, TargetsAreComputedOncePerWindow) {
  const auto predictor = std::make_shared<LinePredictor>();
  surprise(noise_frames(1, 13, 16, 16), {small_windows(), true, false, false, 0}, 1, predictor);
  // 3 windows: targets once each, and the test's predictor calls it once per prediction.
  EXPECT_EQ(predictor->target_calls, 3 + 3 * 3);
}

TEST(SurpriseStream, NothingDependsOnTheBatch) {
  const at::Tensor frames = noise_frames(2, 17, 16, 16);
  SurpriseStreamOptions options{small_windows(), true, true, true, 4};
  options.windows.growing_context = true;
  const VideoSurprise one = surprise(frames, options, 1);
  const VideoSurprise many = surprise(frames, options, 4);
  EXPECT_EQ(one.curves, many.curves);
  EXPECT_EQ(one.copy_last_context, many.copy_last_context);
  EXPECT_TRUE(at::equal(one.timeline.nan_to_num(-1), many.timeline.nan_to_num(-1)));
  EXPECT_TRUE(at::equal(one.map.nan_to_num(-1), many.map.nan_to_num(-1)));
  EXPECT_TRUE(one.trajectory.equal(many.trajectory));
}

TEST(SurpriseStream, GrowingContextsBeginWithTheFirstWindow) {
  const at::Tensor frames = noise_frames(2, 13, 16, 16);
  SurpriseStreamOptions options{small_windows(), true, false, false, 0};
  const VideoSurprise plain = surprise(frames, options);
  options.windows.contexts = {4, 6};
  options.windows.growing_context = true;
  VideoSurprise growing = surprise(frames, options);
  for (const auto& [grown, all] : {std::pair(growing.curves, plain.curves),
                                   std::pair(growing.zero_prediction, plain.zero_prediction)}) {
    ASSERT_EQ(grown[0].size(), 4U);  // C/2 - 1 + windows
    ASSERT_EQ(grown[1].size(), 5U);
    EXPECT_EQ(grown[0][0], all[0][0]);
    EXPECT_EQ(grown[1][0], all[0][0]);
    EXPECT_EQ(grown[1][1], all[1][0]);
    EXPECT_EQ(std::vector<double>(grown[0].begin() + 1, grown[0].end()), all[1]);
    EXPECT_EQ(std::vector<double>(grown[1].begin() + 2, grown[1].end()), all[2]);
  }
  EXPECT_EQ(filtered_curve(growing.curves).size(), 4U);
  pad_with_zeros(growing);
  EXPECT_EQ(growing.curves[0].size(), 5U);
  EXPECT_EQ(growing.curves[0].back(), 0.0);
}

TEST(SurpriseStream, TimelineAndMapSayWhenAndWhere) {
  // Still, but for one bright block of the last four frames.
  at::Tensor frames = noise_frames(4, 1, 16, 24).repeat({16, 1, 1, 1});
  frames.slice(0, 12).slice(2, 8, 16).slice(3, 16, 24).fill_(9.0);
  const VideoSurprise video =
      surprise(frames, {small_windows(), false, false, false, 4}, 2,
               std::shared_ptr<const Predictor>(make_pixel_copy_predictor({}, 2)));
  ASSERT_EQ(video.slot_frames, 2);
  ASSERT_EQ(video.timeline.sizes(), at::IntArrayRef({3, 8}));
  EXPECT_TRUE(std::isnan(video.timeline[1][1].item<double>())) << "frames 2, 3: context only";
  EXPECT_EQ(video.timeline[1][5].item<double>(), 0.0);
  EXPECT_GT(video.timeline[1][6].item<double>(), 0.0) << "frames 12, 13";
  ASSERT_EQ(video.map.sizes(), at::IntArrayRef({8, 2, 3}));
  EXPECT_EQ(video.map[6].argmax().item<int64_t>(), 5) << "bottom right";
  EXPECT_EQ(video.map[6].flatten().slice(0, 0, 5).max().item<float>(), 0.0F);
}

TEST(SurpriseStream, ShortVideosAreRefusedWithTheirLength) {
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "is 7 frames long (with --skip 1), a window 8", [] {
    surprise(noise_frames(1, 7, 16, 16), {small_windows(), true, true, false, 0});
  }));
}

TEST(PixelCopy, ContextAloneDecides) {
  const auto predictor = make_pixel_copy_predictor({}, 2);
  at::Tensor window = noise_frames(6, 8, 32, 48).unsqueeze(0);
  const PrefixSplit split = prefix_split(4 * 6, 2, 4);
  EXPECT_EQ(predictor->grid(8, 32, 48).width, 3);
  const at::Tensor predicted =
      predictor->predict(window.slice(1, 0, 4), split.context, split.target, 8);
  window.slice(1, 4).copy_(window.slice(1, 3, 4).expand({1, 4, 3, 32, 48}));
  EXPECT_TRUE(predicted.equal(predictor->targets(window).index_select(1, split.target)))
      << "frozen frames are predicted exactly";
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "token ids", [&] {
    predictor->predict(window.slice(1, 0, 4), split.context, split.target + 20, 8);
  }));
}

TEST(TensorVideos, EveryLayoutThatIsUnambiguous) {
  const testing::TempDir dir;
  const std::string path = dir / "frames.safetensors";
  const at::Tensor decoded = (noise_frames(1, 5, 6, 7).permute({0, 2, 3, 1}) * 255).to(at::kByte);
  const at::Tensor ready = noise_frames(2, 5, 6, 7);
  write_safetensors(path, {{"bytes", decoded.contiguous()},
                           {"two", at::stack({decoded, decoded.flip(0)}).contiguous()},
                           {"channels_first", ready.permute({1, 0, 2, 3}).contiguous()},
                           {"frames_first", ready},
                           {"either", noise_frames(3, 3, 6, 7)},
                           {"flat", at::zeros({5, 6})}});
  const auto read = [&](const std::string& name) { return read_tensor_videos(path + ":" + name); };
  EXPECT_TRUE(read("bytes")[0].frames.equal(decoded));
  EXPECT_FALSE(read("bytes")[0].is_preprocessed);
  EXPECT_EQ(read("two")[1].id, "two[1]");
  EXPECT_TRUE(read("two")[1].frames.equal(decoded.flip(0)));
  EXPECT_TRUE(read("channels_first")[0].frames.equal(ready));
  EXPECT_TRUE(read("frames_first")[0].frames.equal(ready));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "may be (C, T, H, W) or", [&] { read("either"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "expected decoded frames", [&] { read("flat"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "has no array 'x'; it has", [&] { read("x"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "holds 6 arrays; name one",
                           [&] { read_tensor_videos(path); }));
}

}  // namespace
}  // namespace physprobe

// Surprise curves of the released extraction loops, from pixels on (golden/voe/README.md).

#include "physprobe/core/safetensors.h"
#include "physprobe/eval/voe/surprise_pass.h"
#include "physprobe/eval/voe/tensor_videos.h"

#include "support/golden.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace physprobe {
namespace {

/// The golden README's tolerance of surprises for a correct float32 implementation.
constexpr double kSurprise = 1e-5;

struct ReleasedCurves {
  const char* name;
  const char* weights;
  int64_t heads;
  int64_t size;  ///< Side of the model's frames, pixels.
  const char* io;
  const char* video;
  const char* losses;
  int64_t window;
  std::vector<int64_t> contexts;
  bool are_rows_paired;  ///< Rows of `losses` are in the order of pairs, not of videos.
};

class SurpriseGolden : public ::testing::TestWithParam<ReleasedCurves> {};

std::vector<SurpriseJob> jobs_of(const ReleasedCurves& curves, const PredictionWindows& windows) {
  const nlohmann::json config = {
      {"weights", testing::golden_path(std::string("voe/") + curves.weights)},
      {"options", {{"heads", curves.heads}, {"predictor_heads", curves.heads}}},
      {"preprocess", {{"resize", "center_square"}, {"size", curves.size}, {"crop", 0}}}};
  SurpriseNulls nulls;
  nulls.nearest = nulls.pixels = false;
  nulls.untrained_seeds = 0;
  return plan_surprise_jobs(config, windows, nulls, 0);
}

std::vector<std::vector<double>> rows_of(const at::Tensor& losses) {
  const at::Tensor flat = losses.flatten(1).to(at::kDouble).contiguous();
  std::vector<std::vector<double>> rows;
  for (int64_t v = 0; v < flat.size(0); ++v) {
    const double* row = flat.data_ptr<double>() + v * flat.size(1);
    rows.emplace_back(row, row + flat.size(1));
  }
  return rows;
}

void expect_same(std::vector<std::vector<double>> rows,
                 std::vector<std::vector<double>> expected,
                 bool are_rows_paired) {
  ASSERT_EQ(rows.size(), expected.size());
  // Rows differ from each other by far more than the tolerance: sorting matches them.
  if (are_rows_paired) {
    std::sort(rows.begin(), rows.end());
    std::sort(expected.begin(), expected.end());
  }
  for (std::size_t v = 0; v < rows.size(); ++v) {
    ASSERT_EQ(rows[v].size(), expected[v].size());
    for (std::size_t i = 0; i < rows[v].size(); ++i)
      EXPECT_NEAR(rows[v][i], expected[v][i], kSurprise) << "video " << v << " value " << i;
  }
}

std::vector<double> flat(const SurpriseCurves& curves) {
  std::vector<double> values;
  for (const std::vector<double>& curve : curves)
    values.insert(values.end(), curve.begin(), curve.end());
  return values;
}

TEST_P(SurpriseGolden, CurvesAreTheReleasedOnes) {
  const ReleasedCurves& curves = GetParam();
  const std::string io = testing::golden_path(std::string("voe/") + curves.io);
  PredictionWindows windows;
  windows.window = curves.window;
  windows.contexts = curves.contexts;
  const std::vector<SurpriseJob> jobs = jobs_of(curves, windows);
  std::vector<std::vector<double>> rows;
  std::vector<std::vector<double>> zeros;
  for (const TensorVideo& video : read_tensor_videos(io + ":" + curves.video)) {
    const VideoSurprise surprise = surprise_of_tensor(video, jobs, {}).front();
    rows.push_back(flat(surprise.curves));
    zeros.push_back(flat(surprise.zero_prediction));
  }
  const std::map<std::string, at::Tensor> golden = read_safetensors(io);
  at::Tensor losses = golden.at(curves.losses);
  if (losses.dim() == 2) losses = losses.unsqueeze(0);
  expect_same(rows, rows_of(losses.slice(0, 0, static_cast<int64_t>(rows.size()))),
              curves.are_rows_paired);
  // The published VideoMAE row overwrote its predictions with zeros.
  if (golden.count("losses.zero_prediction") != 0)
    expect_same(zeros, rows_of(golden.at("losses.zero_prediction").unsqueeze(0)), false);
}

INSTANTIATE_TEST_SUITE_P(Released,
                         SurpriseGolden,
                         ::testing::Values(ReleasedCurves{"vjepa1_sincos",
                                                          "vjepa1_sincos_checkpoint.pth.tar",
                                                          4,
                                                          32,
                                                          "vjepa1_sincos_io.safetensors",
                                                          "video_uint8",
                                                          "extract.losses",
                                                          8,
                                                          {2, 4, 6},
                                                          false},
                                           ReleasedCurves{"vjepa1_rope_silu",
                                                          "vjepa1_rope_silu_weights.safetensors",
                                                          2,
                                                          64,
                                                          "vjepa1_rope_silu_io.safetensors",
                                                          "video_uint8",
                                                          "extract.losses",
                                                          8,
                                                          {2, 4, 6},
                                                          true},
                                           ReleasedCurves{"vjepa2_rope",
                                                          "vjepa2_rope_weights.safetensors",
                                                          2,
                                                          64,
                                                          "vjepa2_rope_io.safetensors",
                                                          "video_uint8",
                                                          "windows.losses",
                                                          8,
                                                          {2, 4, 6},
                                                          false},
                                           ReleasedCurves{"videomae_pixel",
                                                          "videomae_pixel_weights.safetensors",
                                                          2,
                                                          32,
                                                          "videomae_pixel_io.safetensors",
                                                          "video_uint8",
                                                          "losses.prediction",
                                                          16,
                                                          {2, 4, 10},
                                                          false}),
                         [](const auto& tested) { return tested.param.name; });

TEST(SurpriseGrowingGolden, ContextsAreThoseOfIntPhys2) {
  const std::string io = testing::golden_path("voe/intphys2_growing_context.safetensors");
  PredictionWindows windows;
  windows.window = 8;
  windows.contexts = {4, 6};
  windows.growing_context = true;
  const ReleasedCurves model{"",   "vjepa1_sincos_checkpoint.pth.tar", 4, 32, "", "", "", 8, {},
                             false};
  const std::vector<SurpriseJob> jobs = jobs_of(model, windows);
  std::vector<std::vector<double>> rows;
  for (int v = 0; v < 3; ++v) {
    VideoSurprise video = surprise_of_tensor(
        read_tensor_videos(io + ":video" + std::to_string(v) + "_uint8").front(), jobs, {})[0];
    pad_with_zeros(video);
    for (std::vector<double>& curve : video.curves)
      curve.resize(6, 0.0);  // the shorter video is padded to the longer ones in the reference
    rows.push_back(flat(video.curves));
  }
  expect_same(rows, rows_of(read_safetensors(io).at("losses")), false);
}

}  // namespace
}  // namespace physprobe

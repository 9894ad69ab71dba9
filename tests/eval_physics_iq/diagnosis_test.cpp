// The rules of diagnosis.h on clips edited so that the right answer is known: every edit of every
// base clip must be named, apart from the share of mistakes stated here and in the documentation.
#include "physprobe/eval/physics_iq/diagnosis.h"

#include "physprobe/core/rng.h"
#include "physprobe/eval/physics_iq/view_evaluation.h"
#include "physprobe/video/video_writer.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>

namespace physprobe {
namespace {

using testing::TempDir;

constexpr int64_t kFrames = 60;
constexpr int64_t kHeight = 288;
constexpr int64_t kWidth = 512;
constexpr double kFps = 24.0;

/// A random background with detail at the scale of the quarter-size comparison, wider than the
/// picture so that a camera can move over it.
at::Tensor background(uint64_t seed) {
  Rng rng(seed);
  constexpr int64_t kGrain = 8;
  const int64_t rows = kHeight / kGrain + 2;
  const int64_t columns = kWidth / kGrain + 12;
  at::Tensor coarse = at::empty({1, 3, rows, columns}, at::kFloat);
  for (int64_t i = 0; i < coarse.numel(); ++i)
    coarse.data_ptr<float>()[i] = static_cast<float>(60.0 + 90.0 * rng.uniform());
  return at::upsample_bilinear2d(coarse, {rows * kGrain, columns * kGrain}, false)
      .squeeze(0)
      .permute({1, 2, 0})
      .contiguous();
}

struct Scene {
  double start_x = 60, start_y = 60, speed_x = 5.0, speed_y = 0.4;
  int64_t starts_at = 6, stops_at = 38;
  double radius = 22;
};

struct Edit {
  double camera = 0.0;  // pixels a frame
  int64_t cut_at = -1;
  double flicker = 0.0;
  int64_t stored_width = kWidth;
};

void write_scene(const std::string& path, uint64_t seed, const Scene& scene, const Edit& edit) {
  const at::Tensor base = background(seed);
  const at::Tensor other = background(seed + 1000);
  VideoWriterOptions options;
  options.fps = kFps;
  options.quality = 16;
  const auto writer = VideoWriter::open(path, edit.stored_width, kHeight, options);
  for (int64_t t = 0; t < kFrames; ++t) {
    const auto shift = static_cast<int64_t>(std::lround(edit.camera * static_cast<double>(t)));
    const bool is_cut = edit.cut_at >= 0 && t >= edit.cut_at;
    at::Tensor frame = (is_cut ? 255.0 - other : base)
                           .slice(0, 0, kHeight)
                           .slice(1, shift, shift + kWidth)
                           .clone();
    const double moved = static_cast<double>(
        std::clamp<int64_t>(t - scene.starts_at, 0, scene.stops_at - scene.starts_at));
    const double x = scene.start_x + scene.speed_x * moved;
    const double y = scene.start_y + scene.speed_y * moved;
    float* const values = frame.data_ptr<float>();
    for (int64_t row = 0; row < kHeight; ++row)
      for (int64_t column = 0; column < kWidth; ++column)
        if (std::hypot(static_cast<double>(column) - x, static_cast<double>(row) - y) <
            scene.radius)
          for (int64_t c = 0; c < 3; ++c)
            values[(row * kWidth + column) * 3 + c] =
                c == 2 ? 20.0F : 235.0F;  // brighter than the background in grey too
    if (t % 2 == 1) frame = frame * (1.0 + edit.flicker);
    at::Tensor bytes = frame.clamp(0, 255).to(at::kByte).contiguous();
    if (edit.stored_width != kWidth)
      bytes = at::upsample_bilinear2d(bytes.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat),
                                      {kHeight, edit.stored_width}, false)
                  .squeeze(0)
                  .permute({1, 2, 0})
                  .to(at::kByte)
                  .contiguous();
    writer->write(bytes);
  }
  writer->close();
}

TEST(PhysicsIqDiagnosisSlow, NamesTheEditOfEditedClips) {
  TempDir dir;
  std::map<std::string, std::pair<int, int>> right_of;  // cause -> right, all
  std::string mistakes;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Scene scene;
    scene.start_y += 10.0 * static_cast<double>(seed);
    scene.speed_x -= 0.4 * static_cast<double>(seed);
    Scene second = scene;
    second.start_x += 4;
    write_scene(dir / "take1.mp4", seed, scene, {});
    write_scene(dir / "take2.mp4", seed, second, {});
    std::vector<std::tuple<std::string, Scene, Edit>> edits;
    edits.emplace_back("as reality", second, Edit{});
    Scene still = scene;
    still.stops_at = still.starts_at;
    edits.emplace_back("nothing moved", still, Edit{});
    Scene brief = scene;
    brief.stops_at = scene.starts_at + 14;
    edits.emplace_back("too little motion", brief, Edit{});
    Scene big = scene;
    big.radius = 48;
    edits.emplace_back("too much motion", big, Edit{});
    Scene late = scene;
    late.starts_at += 18;
    late.stops_at += 18;
    edits.emplace_back("right place, wrong time", late, Edit{});
    Scene elsewhere = scene;
    elsewhere.start_y = kHeight - scene.start_y;  // the same motion, mirrored
    elsewhere.speed_y = -scene.speed_y;
    edits.emplace_back("wrong place", elsewhere, Edit{});
    Edit camera;
    camera.camera = 1.2;
    edits.emplace_back("camera moved", scene, camera);
    Edit cut;
    cut.cut_at = 30;
    edits.emplace_back("cut", scene, cut);
    Edit flicker;
    flicker.flicker = 0.12;
    edits.emplace_back("flicker", scene, flicker);
    for (const auto& [cause, edited, edit] : edits) {
      const std::string path = dir / fmt::format("{}-{}.mp4", seed, right_of[cause].second);
      write_scene(path, seed, edited, edit);
      ViewJob job;
      job.scenario = "scene";
      job.view = "left";
      job.take1.path = dir / "take1.mp4";
      job.take2.path = dir / "take2.mp4";
      job.fps = kFps;
      job.frames = kFrames;
      job.generated.push_back({0, {path, 0.0}});
      ViewEvaluationOptions options;
      options.cache = dir / "cache";
      options.mask_path = MaskPath::kDirect;
      options.with_media = false;
      const ViewOutcome outcome = evaluate_view(job, options);
      ResultTable table;
      table.views = {"left"};
      table.rows.push_back(
          {"scene", {{"left", joined(outcome.truth, outcome.generated[0].metrics)}}});
      const Diagnosis diagnosis =
          diagnose(outcome.truth, outcome.generated[0], sample_scores(table).front());
      auto& [right, all] = right_of[cause];
      ++all;
      if (diagnosis.cause == cause) {
        ++right;
      } else {
        mistakes += fmt::format("seed {}: {} was called '{}' ({})\n", seed, cause, diagnosis.cause,
                                diagnosis.evidence);
      }
      std::filesystem::remove(path);
    }
  }
  int right = 0;
  int all = 0;
  for (const auto& [cause, counts] : right_of) {
    right += counts.first;
    all += counts.second;
    // One mistake in four clips is what thresholds near a boundary may cost.
    EXPECT_GE(counts.first, counts.second - 1) << cause << "\n" << mistakes;
  }
  EXPECT_GE(right, all * 9 / 10) << mistakes;
  RecordProperty("accuracy", fmt::format("{}/{}", right, all));
}

}  // namespace
}  // namespace physprobe

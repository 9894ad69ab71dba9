#include "physprobe/eval/voe/voe_dataset.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/eval/voe/quadruplet_pairing.h"
#include "physprobe/video/video_writer.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace physprobe {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

TEST(QuadrupletPairing, EveryGoldenQuadruplet) {
  const nlohmann::json golden = read_json(testing::golden_path("voe/metrics_expected.json"));
  const auto clips = read_safetensors(testing::golden_path("voe/metrics_arrays.safetensors"));
  const nlohmann::json& cases = golden.at("pairing");
  ASSERT_EQ(cases.size(), 6U);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const QuadrupletPairing pairing =
        pair_quadruplet(clips.at(fmt::format("quadruplet{}.clip", i)));
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_EQ(pairing.breaking_points.at(k), cases[i]["breaking_points"][k]) << i;
    for (std::size_t p = 0; p < 2; ++p) {
      for (std::size_t m = 0; m < 2; ++m)
        EXPECT_EQ(pairing.pairs.at(p).at(m), cases[i]["matches"][p][m]) << i;
    }
  }
}

/// A quadruplet of frame folders: a grey picture whose level changes at a frame.
class FrameFolders : public ::testing::Test {
 protected:
  /// Video v shows level 10 before frame `change[v]`, level 20 + its branch from it on.
  void add_quadruplet(const std::string& scene,
                      const std::array<int, 4>& change,
                      const std::array<int, 4>& branch,
                      const std::array<bool, 4>& possible) {
    for (std::size_t v = 0; v < 4; ++v) {
      const fs::path video = fs::path(dir_.path()) / "dev" / scene / std::to_string(v + 1);
      fs::create_directories(video / "scene");
      for (int t = 0; t < 100; ++t) {
        const int level = t < change.at(v) ? 10 : 20 + branch.at(v);
        std::ofstream(video / "scene" / fmt::format("scene_{:03}.png", t + 1), std::ios::binary)
            << png(level);
      }
      std::ofstream(video / "status.json")
          << fmt::format(R"({{"header": {{"is_possible": {}}}}})", possible.at(v));
    }
  }

  const std::string& png(int level) {
    std::string& bytes = pngs_[level];
    if (bytes.empty()) bytes = encode_png(at::full({8, 8, 3}, level, at::kByte));
    return bytes;
  }

  testing::TempDir dir_;
  std::map<int, std::string> pngs_;
};

TEST_F(FrameFolders, PartnersShareTheLongestBeginning) {
  // 1 and 4 part at frame 60, the others leave them at 20 and part from each other at 40.
  add_quadruplet("O1/01", {60, 20, 20, 100}, {1, 2, 2, 0}, {true, false, true, false});
  const VoeDataset data = load_voe_dataset(dir_.path());
  ASSERT_TRUE(data.problems.empty()) << data.problems.front().text;
  ASSERT_EQ(data.protocol->name, "intphys");
  EXPECT_EQ(data.dataset.items[0].pair, "O1/01/a");
  EXPECT_EQ(data.dataset.items[3].pair, "O1/01/a");
  EXPECT_EQ(data.dataset.items[1].pair, "O1/01/b");
  EXPECT_EQ(data.dataset.items[2].pair, "O1/01/b");
}

TEST_F(FrameFolders, FramesThatTheProtocolSkipsDoNotCount) {
  // Every second frame is used: frame 98 is not (49 frames, 0 to 96), so 2 never differs from 1.
  add_quadruplet("O1/01", {100, 98, 50, 50}, {0, 1, 2, 2}, {true, false, true, false});
  const VoeDataset data = load_voe_dataset(dir_.path());
  EXPECT_TRUE(data.problems.empty());
  EXPECT_EQ(data.dataset.items[1].pair, "O1/01/a");
  const QuadrupletPairing pairing =
      pair_quadruplet({data.dataset.items[0].path, data.dataset.items[1].path,
                       data.dataset.items[2].path, data.dataset.items[3].path},
                      *data.protocol);
  EXPECT_THAT(pairing.breaking_points, ::testing::ElementsAre(49, 25, 25));
}

TEST_F(FrameFolders, PartnersOfOneLabelAreAProblemNotAPair) {
  add_quadruplet("O2/07", {60, 20, 20, 100}, {1, 2, 2, 0}, {true, true, false, false});
  add_quadruplet("O2/08", {60, 100, 20, 20}, {1, 0, 2, 2}, {true, true, false, false});
  VoeDatasetOptions options;
  options.threads = 2;
  const VoeDataset data = load_voe_dataset(dir_.path(), options);
  ASSERT_EQ(data.problems.size(), 2U);
  EXPECT_EQ(data.problems[0].item, "O2/08");
  EXPECT_THAT(data.problems[0].text, HasSubstr("O2/08/1 and O2/08/2, which share"));
  EXPECT_EQ(data.dataset.items[0].pair, "O2/07/a");
  EXPECT_EQ(data.dataset.items[4].pair, "");
}

class Videos : public ::testing::Test {
 protected:
  void add_video(const std::string& name, int frames, double fps = 25.0, int64_t size = 16) {
    fs::create_directories(fs::path(dir_ / name).parent_path());
    VideoWriterOptions options;
    options.fps = fps;
    const auto writer = VideoWriter::open(dir_ / name, size, size, options);
    for (int t = 0; t < frames; ++t)
      writer->write(at::full({size, size, 3}, 40 + t % 100, at::kByte));
    writer->close();
  }

  void add_text(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(dir_ / name).parent_path());
    std::ofstream(dir_ / name) << text;
  }

  testing::TempDir dir_;
};

std::vector<std::string> texts(const VoeDataset& data) {
  std::vector<std::string> all;
  for (const VoeProblem& problem : data.problems) all.push_back(problem.item + ": " + problem.text);
  return all;
}

TEST_F(Videos, MembersOfAPairMustAgree) {
  add_video("a1.mp4", 30);
  add_video("a2.mp4", 30, 30.0);
  add_video("b1.mp4", 30);
  add_video("b2.mp4", 31);
  add_video("c1.mp4", 30);
  add_video("c2.mp4", 30, 25.0, 32);
  add_text("d1.mp4", "no video");
  add_video("d2.mp4", 30);
  add_text("manifest.csv",
           "path,pair,label\na1.mp4,a,possible\na2.mp4,a,impossible\nb1.mp4,b,possible\n"
           "b2.mp4,b,impossible\nc1.mp4,c,possible\nc2.mp4,c,impossible\nd1.mp4,d,possible\n"
           "d2.mp4,d,impossible\n");
  const VoeDataset data = load_voe_dataset(dir_.path());
  EXPECT_EQ(data.protocol, nullptr);
  const std::vector<std::string> found = texts(data);
  EXPECT_EQ(found.size(), 4U);
  EXPECT_THAT(found, Contains(HasSubstr("a: a1 has 25.000 frames a second, a2 has 30.000")));
  EXPECT_THAT(found, Contains(HasSubstr("b: b1 has 30 frames, b2 has 31")));
  EXPECT_THAT(found, Contains(HasSubstr("c: c1 is 16x16, c2 is 32x32")));
  EXPECT_THAT(found, Contains(HasSubstr("d1: cannot be opened")));
}

TEST_F(Videos, AClipShorterThanTheWindowIsNamed) {
  add_video("P_Gravity/a.mp4", 160);
  add_video("IP_Gravity/a.mp4", 160);
  add_video("P_Gravity/b.mp4", 150);
  add_video("IP_Gravity/b.mp4", 150);
  const VoeDataset data = load_voe_dataset(dir_.path());
  ASSERT_EQ(data.problems.size(), 2U);
  EXPECT_EQ(data.problems[0].item, "P_Gravity/b");
  EXPECT_THAT(data.problems[0].text, HasSubstr("of which 'grasp' uses 15"));
}

TEST_F(Videos, InfLevelTrimsTheLongerRemainder) {
  const std::string a = "solidity/left__lab__cup__ball__ui.mp4";
  const std::string b = "solidity/left__lab__cup__ball__uv.mp4";
  add_video(a, 220);
  add_video(b, 200);
  add_text("solidity.csv",
           "vid1_path,vid1_start_priming_1,vid1_end_priming_1,vid1_start_priming_2,"
           "vid1_end_priming_2,vid1_label,vid2_path,vid2_start_priming_1,vid2_end_priming_1,"
           "vid2_start_priming_2,vid2_end_priming_2,vid2_label\n" +
               a + ",0,1,2,9,possible," + b + ",0,1,2,19,impossible\n");
  const VoeDataset data = load_voe_dataset(dir_.path());
  EXPECT_TRUE(data.problems.empty());
  // 210 and 180 frames remain behind the priming: the first begins 30 frames later.
  EXPECT_EQ(first_frame_of(data.dataset.items[0]), 40);
  EXPECT_EQ(first_frame_of(data.dataset.items[1]), 20);
}

}  // namespace
}  // namespace physprobe

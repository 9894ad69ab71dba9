#include "physprobe/eval/parity.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using testing::golden_path;
using testing::TempDir;

class Parity : public ::testing::Test {
 protected:
  std::string write(const std::map<std::string, at::Tensor>& tensors) {
    write_safetensors(dir_ / "case.safetensors", tensors);
    return dir_ / "case.safetensors";
  }

  ErrorKind refusal(const std::map<std::string, at::Tensor>& tensors, const std::string& part) {
    try {
      check_parity(config_, write(tensors), {});
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      return error.kind();
    }
    ADD_FAILURE() << "accepted";
    return ErrorKind::kInternal;
  }

  TempDir dir_;
  std::map<std::string, at::Tensor> io_ =
      read_safetensors(golden_path("encoders/clip.io.safetensors"));
  nlohmann::json config_ = {{"weights", golden_path("encoders/clip.hf.safetensors")}};
};

TEST_F(Parity, TheReferencesOutputsPassAndOthersDoNot) {
  std::map<std::string, at::Tensor> tensors = {{"input", io_.at("input")},
                                               {"block1", io_.at("block1")},
                                               {"pooled", io_.at("image_features")}};
  ParityOptions timed;
  timed.timed_passes = 2;
  const ParityReport same = check_parity(config_, write(tensors), timed);
  EXPECT_TRUE(same.passes);
  EXPECT_GT(same.seconds_per_pass, 0.0);
  ASSERT_EQ(same.taps.size(), 2U);
  EXPECT_EQ(same.taps[1].tap, "pooled");
  EXPECT_EQ(same.taps[1].values, 40);
  EXPECT_LT(same.taps[0].largest_absolute, 2e-5);  // the golden data's tolerance
  EXPECT_NE(same.detection.find("clip"), std::string::npos);
  tensors["pooled"] = tensors.at("pooled").clone();
  tensors.at("pooled")[1][7] += 0.01;
  const ParityReport other = check_parity(config_, write(tensors), {});
  EXPECT_FALSE(other.passes);
  EXPECT_TRUE(other.taps[0].passes);
  EXPECT_NEAR(other.taps[1].largest_absolute, 0.01, 1e-4);
}

TEST_F(Parity, BytesAreGivenTheEncodersPreprocessing) {
  config_["options"]["pos_interp"] = "hf";
  const at::Tensor bytes = at::randint(256, {2, 60, 50, 3}, at::kByte);
  const ParityReport report = check_parity(
      config_, write({{"input", bytes}, {"pooled", at::zeros({2, 20})}}), ParityOptions{});
  EXPECT_FALSE(report.passes);
  EXPECT_EQ(report.preprocessing.rfind("original: ", 0), 0U) << report.preprocessing;
}

TEST_F(Parity, ADtypeIsComparedWithFloat32) {
  ParityOptions options;
  options.dtype = "bfloat16";
  options.tolerance = 0.1;  // two blocks of eight bits' rounding
  const ParityReport report = check_parity(config_, write({{"input", io_.at("input")}}), options);
  EXPECT_TRUE(report.passes);
  EXPECT_EQ(report.dtype, "bfloat16");
  EXPECT_EQ(report.taps.front().tap, "pixel");
  EXPECT_EQ(report.taps.front().largest_absolute, 0.0);
  EXPECT_GT(report.taps.back().largest_absolute, 1e-4) << "nothing was rounded";
  EXPECT_GT(report.speed, 0.0);
}

TEST_F(Parity, ClipsOfAVideoModelPassInBothLayouts) {
  config_ = {{"family", "vjepa2"},
             {"weights", golden_path("voe/vjepa2_rope_weights.safetensors")},
             {"options", {{"heads", 2}}}};
  const auto io = read_safetensors(golden_path("voe/vjepa2_rope_io.safetensors"));
  const at::Tensor unit = io.at("video_uint8")[0].to(at::kFloat).div(255.0).permute({0, 3, 1, 2});
  const at::Tensor mean = at::tensor({0.485F, 0.456F, 0.406F}).reshape({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229F, 0.224F, 0.225F}).reshape({3, 1, 1});
  const at::Tensor clip = unit.sub(mean).div(deviation).unsqueeze(0).narrow(1, 0, 8).contiguous();
  const at::Tensor tokens = io.at("ctx2.target.norm");  // (1, 64, D): four steps in one row
  ParityOptions tolerance;
  tolerance.tolerance = 2e-4;  // stated by the golden data
  EXPECT_TRUE(check_parity(config_, write({{"input", clip}, {"norm", tokens}}), tolerance).passes);
  const at::Tensor by_step = tokens.reshape({1, 4, 16, tokens.size(2)});
  EXPECT_TRUE(check_parity(config_, write({{"input", clip}, {"norm", by_step}}), tolerance).passes);
  EXPECT_EQ(refusal({{"input", clip[0]}, {"norm", tokens}}, "sees clips"), ErrorKind::kUsage);
  // Bytes are one clip.
  config_["preprocess"] = {{"height", 64}, {"width", 64}, {"crop", 0}};
  const at::Tensor bytes = io.at("video_uint8")[0].narrow(0, 0, 8).contiguous();
  EXPECT_TRUE(check_parity(config_, write({{"input", bytes}, {"norm", tokens}}), tolerance).passes);
}

TEST_F(Parity, TheDeviceIsHandedOnAndOneThatIsNotThereIsRefused) {
  const std::string path =
      write({{"input", io_.at("input")}, {"pooled", io_.at("image_features")}});
  ParityOptions options;
  options.device = "cpu";
  const ParityReport here = check_parity(config_, path, options);
  EXPECT_TRUE(here.passes);
  EXPECT_EQ(here.device, "cpu");
  options.device = "cuda:0";
  if (at::hasCUDA()) {
    EXPECT_TRUE(check_parity(config_, path, options).passes);
    return;
  }
  try {
    check_parity(config_, path, options);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("built without CUDA"), std::string::npos)
        << error.what();
  }
}

TEST_F(Parity, UnusableCasesAreRefused) {
  const at::Tensor input = io_.at("input");
  EXPECT_EQ(refusal({{"pooled", at::zeros({2, 20})}}, "'input'"), ErrorKind::kUsage);
  EXPECT_EQ(refusal({{"input", input}}, "nothing expected"), ErrorKind::kUsage);
  EXPECT_EQ(refusal({{"input", input}, {"poold", at::zeros({2, 20})}}, "'pooled'"),
            ErrorKind::kUsage);
  EXPECT_EQ(refusal({{"input", input[0]}, {"pooled", at::zeros({20})}}, "(B,3,H,W)"),
            ErrorKind::kUsage);
  EXPECT_EQ(refusal({{"input", input}, {"pooled", at::zeros({2, 21})}}, "[2,21]"),
            ErrorKind::kIncompatible);
  EXPECT_EQ(refusal({{"input", input}, {"pooled", at::full({2, 20}, std::nan(""))}}, "not finite"),
            ErrorKind::kInput);
}

}  // namespace
}  // namespace physprobe

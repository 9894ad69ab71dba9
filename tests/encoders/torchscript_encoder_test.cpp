#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/encoder_factory.h"

#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/tensor_near.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace physprobe {
namespace {

using nlohmann::json;
using testing::golden_path;

json small_model(const json& options) {
  return {{"family", "torchscript"},
          {"weights", golden_path("encoders/torchscript_small.pt")},
          {"options", options},
          {"preprocess", {{"resize", "squash"}, {"height", 48}, {"width", 32}, {"crop", 0}}}};
}

ErrorKind kind_of(const json& config, const std::string& part) {
  try {
    make_encoder(config);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    return error.kind();
  }
  return ErrorKind::kInternal;
}

TEST(TorchScriptEncoder, GivesTheNumbersOfPyTorch) {
  const auto encoder = make_encoder(small_model({{"trust_model", true}, {"prefix_tokens", 1}}));
  EXPECT_EQ(encoder->info().id, "torchscript-torchscript_small-p" +
                                    encoder->info().id.substr(encoder->info().id.size() - 8));
  const auto golden = read_safetensors(golden_path("encoders/torchscript_small.io.safetensors"));
  const at::Tensor input = golden.at("input").unsqueeze(1);
  const auto outputs = encoder->encode(input, {{"tokens", "logits"}, true, 0});
  // Other kernels than eager PyTorch's on another machine: float32 rounding of sums of 768 terms.
  EXPECT_TRUE(testing::tensor_near(outputs[0].tokens.squeeze(1), golden.at("tokens"), 1e-5));
  EXPECT_TRUE(testing::tensor_near(outputs[1].tokens.squeeze(1), golden.at("logits"), 1e-5));
  EXPECT_EQ(outputs[0].prefix_tokens, 1);
  EXPECT_TRUE(outputs[0].pooled.equal(outputs[0].tokens.select(2, 0)));
}

TEST(TorchScriptEncoder, TakesFramesOfTheVideosOwnSize) {
  json config = small_model({{"trust_model", true}});
  config["preprocess"] = {{"resize", "none"}, {"crop", 0}};
  const auto outputs =
      make_encoder(config)->encode(at::zeros({1, 1, 3, 32, 64}), {{"tokens"}, true, 0});
  EXPECT_EQ(outputs[0].tokens.size(2), 1 + 2 * 4);
}

TEST(TorchScriptEncoder, RunsOnlyWhenTrustedOrPinned) {
  EXPECT_EQ(kind_of(small_model(json::object()), "--trust-model"), ErrorKind::kUsage);
  EXPECT_EQ(kind_of(small_model({{"trust_model", false}}), "--trust-model"), ErrorKind::kUsage);
  EXPECT_EQ(kind_of(small_model({{"trust_model", "yes"}}), "true or false"), ErrorKind::kUsage);
  EXPECT_EQ(kind_of(small_model({{"digest", std::string(64, '0')}}), "pins"),
            ErrorKind::kIncompatible);
  const std::string digest = sha256_file(golden_path("encoders/torchscript_small.pt"));
  EXPECT_NO_THROW(make_encoder(small_model({{"digest", digest}})));
}

TEST(TorchScriptEncoder, FilesAndShapesThatDoNotFitAreRefused) {
  const testing::TempDir dir;
  std::ofstream(dir / "text.pt") << "no archive";
  json config = small_model({{"trust_model", true}});
  config["weights"] = dir / "text.pt";
  EXPECT_EQ(kind_of(config, "cannot be loaded as TorchScript"), ErrorKind::kIncompatible);
  config["weights"] = dir / "missing.pt";
  EXPECT_EQ(kind_of(config, "missing.pt"), ErrorKind::kInput);
  // A patch of 16 pixels does not fit into 8.
  config = small_model({{"trust_model", true}});
  config["preprocess"]["height"] = 8;
  EXPECT_EQ(kind_of(config, "its forward fails for a frame of 8x32"), ErrorKind::kIncompatible);
  EXPECT_EQ(kind_of(small_model({{"trust_model", true}, {"prefix_tokens", 9}}), "prefix_tokens"),
            ErrorKind::kUsage);
}

}  // namespace
}  // namespace physprobe

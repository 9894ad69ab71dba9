#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/encoder_factory.h"

#include "support/tensor_near.h"

#include "v1_golden.h"

namespace physprobe {
namespace {

using nlohmann::json;
using testing::beside_project;
using testing::float_fade;
using testing::golden_json;
using testing::golden_path;
using testing::tensor_near;
using testing::trajectory_angles;
using testing::TrajectoryAngles;
using testing::v1_input;

std::unique_ptr<Encoder> make_v1(const json& options) {
  return make_encoder({{"family", "v1"}, {"options", options}});
}

/// (T, D) tokens of each requested tap for one clip of grey levels (T, H, W).
std::vector<at::Tensor> taps_of(const Encoder& encoder,
                                const at::Tensor& levels,
                                const std::vector<std::string>& taps) {
  EncodeOptions options;
  options.taps = taps;
  std::vector<at::Tensor> rows;
  for (const TapOutput& output : encoder.encode(v1_input(levels), options))
    rows.push_back(output.tokens[0].squeeze(1));
  return rows;
}

void expect_usage_error(const json& config, const std::string& part) {
  try {
    make_encoder(config);
    FAIL() << config << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

/// v1 within 1e-5 of its maximum and 1e-5 relative L2: five times the measured fp32-fp64
/// difference.
void expect_same_energy(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_TRUE(tensor_near(actual, expected, 1e-5 * expected.max().item<double>()));
  const at::Tensor difference = actual.to(at::kDouble) - expected.to(at::kDouble);
  EXPECT_LE(difference.norm().item<double>(),
            1e-5 * expected.to(at::kDouble).norm().item<double>());
}

/// Step lengths within 2e-5 relative, angles within 2e-3 degrees (rounding of fp32 embeddings,
/// README).
void expect_same_trajectory(const at::Tensor& rows, const json& golden) {
  const TrajectoryAngles found = trajectory_angles(rows);
  const json& steps = golden.at("d");
  ASSERT_EQ(found.steps.size(), steps.size());
  for (std::size_t t = 0; t < steps.size(); ++t) {
    EXPECT_NEAR(found.steps[t], steps[t].get<double>(), 2e-5 * steps[t].get<double>())
        << "step " << t;
  }
  const json& angles = golden.at("theta_deg");
  ASSERT_EQ(found.angles_deg.size(), angles.size());
  for (std::size_t t = 0; t < angles.size(); ++t) {
    EXPECT_NEAR(found.angles_deg[t], angles[t].get<double>(), 2e-3) << "angle " << t;
  }
  EXPECT_NEAR(found.mean_deg, golden.at("mean_theta_deg").get<double>(), 1e-3);
}

TEST(V1EncoderTest, NoiseEqualsReferenceForEveryOrientationCount) {
  const auto golden = read_safetensors(golden_path("v1_encoder/noise32.safetensors"));
  const json curvature = golden_json("curvature_small.json");
  for (const int count : {1, 3, 4, 6}) {
    const std::string name = "noise32.K" + std::to_string(count);
    const auto encoder = make_v1({{"size", 32}, {"scales", 2}, {"orientations", count}});
    const auto taps = taps_of(*encoder, golden.at("noise32.frames"), {"pixel", "retina", "v1"});
    expect_same_energy(taps[2], golden.at(name + ".v1"));
    const json& natural = curvature.at(name).at("natural");
    expect_same_trajectory(taps[0], natural.at("pixel"));
    expect_same_trajectory(taps[1], natural.at("retina"));
    expect_same_trajectory(taps[2], natural.at("v1"));
  }
}

TEST(V1EncoderTest, StimulusCropsEqualReference) {
  const json curvature = golden_json("curvature_small.json");
  for (const auto& name : {std::string("crop64"), std::string("crop128")}) {
    const auto beside = beside_project("golden/v1_encoder/" + name + ".safetensors");
    if (!beside.exists)
      GTEST_SKIP() << "stimulus crops are not beside this checkout: " << beside.path;
    const auto golden = read_safetensors(beside.path);
    const json& expected = curvature.at(name);
    const auto encoder = make_v1({{"size", expected.at("size")[0]}, {"scales", expected.at("N")}});
    const at::Tensor& frames = golden.at(name + ".frames");
    const std::vector<std::string> layers = {"pixel", "retina", "v1"};
    const auto natural = taps_of(*encoder, frames, layers);
    const auto fade = taps_of(*encoder, float_fade(frames[0], frames[-1], frames.size(0)), layers);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      expect_same_trajectory(natural[i], expected.at("natural").at(layers[i]));
      // The pixel angles of a fade are 0 up to rounding of acos.
      if (i > 0) expect_same_trajectory(fade[i], expected.at("pixelfade").at(layers[i]));
    }
    EXPECT_LT(trajectory_angles(fade[0]).mean_deg, 0.5);
    const at::Tensor middle = golden.at(name + ".fade.retina_mid").reshape({-1});
    EXPECT_TRUE(tensor_near(fade[1][name == "crop64" ? 3 : 5], middle, 2e-6)) << name;
    if (name == "crop64") {
      expect_same_energy(natural[2], golden.at("crop64.v1"));
    } else {
      expect_same_energy(natural[2][5], golden.at("crop128.v1_frame5"));
    }
  }
}

TEST(V1EncoderTest, RectanglesEqualTheIndependentImplementation) {
  const auto beside = beside_project("golden/v1_encoder/rect.safetensors");
  if (!beside.exists)
    GTEST_SKIP() << "stimulus crops are not beside this checkout: " << beside.path;
  const auto golden = read_safetensors(beside.path);
  const json curvature = golden_json("curvature_small.json");
  for (const auto& name : {std::string("rect48x80"), std::string("rect96x64")}) {
    const json& expected = curvature.at(name);
    const auto encoder = make_v1(
        {{"size", "native"}, {"scales", expected.at("N")}, {"orientations", expected.at("K")}});
    const auto taps = taps_of(*encoder, golden.at(name + ".frames"), {"retina", "v1"});
    EXPECT_TRUE(tensor_near(taps[0], golden.at(name + ".retina").flatten(1), 2e-6)) << name;
    expect_same_energy(taps[1], golden.at(name + ".v1"));
    expect_same_trajectory(taps[1], expected.at("natural").at("v1"));
  }
}

TEST(V1EncoderTest, RepeatedAndReversedFramesGiveExactZerosAndHalfTurns) {
  const at::Tensor frames =
      read_safetensors(golden_path("v1_encoder/noise32.safetensors")).at("noise32.frames");
  const auto encoder = make_v1({{"size", 32}, {"scales", 2}});
  const auto repeated =
      taps_of(*encoder, at::stack({frames[0], frames[0], frames[1], frames[2]}), {"retina", "v1"});
  const auto reversed =
      taps_of(*encoder, at::stack({frames[0], frames[1], frames[0], frames[1]}), {"pixel", "v1"});
  for (const at::Tensor& rows : repeated) EXPECT_TRUE(at::equal(rows[0], rows[1]));
  // 0.05 degrees: acos near -1 magnifies the last bit of the cosine.
  for (const at::Tensor& rows : reversed)
    EXPECT_NEAR(trajectory_angles(rows).mean_deg, 180.0, 0.05);
}

TEST(V1EncoderTest, ScaleTapsAreSlicesOfV1AndPoolingIsTheirMean) {
  const at::Tensor frames =
      read_safetensors(golden_path("v1_encoder/noise32.safetensors")).at("noise32.frames");
  const auto encoder = make_v1({{"size", 32}, {"scales", 2}, {"orientations", 3}});
  const auto outputs =
      encoder->encode(v1_input(frames), {{"v1.scale1", "v1", "v1.scale0"}, true, 1});
  const at::Tensor all = outputs[1].tokens;
  EXPECT_TRUE(at::equal(all.slice(3, 0, 3 * 1024), outputs[2].tokens));
  EXPECT_TRUE(at::equal(all.slice(3, 3 * 1024), outputs[0].tokens));
  const at::Tensor means =
      at::cat({outputs[2].tokens.reshape({1, 3, 3, 1024}).to(at::kDouble).mean(3),
               outputs[0].tokens.reshape({1, 3, 3, 256}).to(at::kDouble).mean(3)},
              2);
  EXPECT_TRUE(tensor_near(outputs[1].pooled, means, 0.0, 1e-6));
  EXPECT_TRUE(at::equal(outputs[1].patch_mean, outputs[1].pooled));
  EXPECT_TRUE(at::equal(at::cat({outputs[2].pooled, outputs[0].pooled}, 2), outputs[1].pooled));
}

TEST(V1EncoderTest, AmplitudeIsTheRootOfEnergyAndNoneSkipsTheRetina) {
  const at::Tensor frames =
      read_safetensors(golden_path("v1_encoder/noise32.safetensors")).at("noise32.frames");
  const auto energy = taps_of(*make_v1({{"size", 32}, {"scales", 2}}), frames, {"v1"});
  const auto amplitude =
      taps_of(*make_v1({{"size", 32}, {"scales", 2}, {"readout", "amplitude"}}), frames, {"v1"});
  EXPECT_TRUE(tensor_near(amplitude[0].square(), energy[0], 1e-12, 1e-6));
  const auto plain = make_v1({{"size", 32}, {"scales", 2}, {"front_end", "none"}});
  for (const TapInfo& tap : plain->info().taps) EXPECT_NE(tap.name, "retina");
  EXPECT_GT((taps_of(*plain, frames, {"v1"})[0] - energy[0]).abs().max().item<double>(), 1e-3);
}

TEST(V1EncoderTest, DefaultsAreThePublishedModel) {
  const auto encoder = make_encoder({{"family", "v1"}});
  const EncoderInfo& info = encoder->info();
  EXPECT_EQ(info.id, "v1-S256-N6-K8-energy-retina");
  EXPECT_EQ(info.weights_digest, "none");
  ASSERT_EQ(info.taps.size(), 9U);
  EXPECT_EQ(info.taps[2].name, "v1");
  EXPECT_EQ(info.taps[2].width, 698880);
  EXPECT_EQ(info.preprocess.colour, ColourRule::kLuma);
  EXPECT_EQ(info.preprocess.resize, ResizeRule::kCenterSquare);
  EXPECT_EQ(info.preprocess.filter, ResampleFilter::kLanczos);
  EXPECT_EQ(info.preprocess.arithmetic, ResampleArithmetic::kPillowUint8);
  const auto outputs = encoder->encode(at::full({1, 1, 1, 256, 256}, 0.5), {{"v1"}, false, 1});
  EXPECT_EQ(outputs[0].pooled.size(2), 48);
  EXPECT_FALSE(outputs[0].tokens.defined());
}

TEST(V1EncoderTest, SameBitsForAnyBatchAndThreadCountAtThePublishedSize) {
  const auto encoder = make_encoder({{"family", "v1"}});
  at::Tensor input = at::empty({3, 1, 1, 256, 256}, at::kFloat);
  Rng rng(3);
  for (int64_t i = 0; i < input.numel(); ++i)
    input.data_ptr<float>()[i] = static_cast<float>(rng.uniform());
  const auto together = encoder->encode(input, {{"retina", "v1"}, true, 7});
  for (int64_t sample = 0; sample < 3; ++sample) {
    const auto alone = encoder->encode(input.narrow(0, sample, 1), {{"retina", "v1"}, true, 1});
    for (std::size_t tap = 0; tap < 2; ++tap) {
      EXPECT_TRUE(at::equal(together[tap].tokens[sample], alone[tap].tokens[0]))
          << together[tap].name;
      EXPECT_TRUE(at::equal(together[tap].pooled[sample], alone[tap].pooled[0]))
          << together[tap].name;
    }
  }
}

TEST(V1EncoderTest, RefusesValuesOutsideTheUnitRange) {
  const auto encoder = make_v1({{"size", 32}, {"scales", 2}});
  for (const double value : {-1e-6, 2.0, 255.0}) {
    at::Tensor input = at::full({1, 2, 1, 32, 32}, 0.5);
    input[0][1][0][3][4] = value;
    try {
      encoder->encode(input, {});
      FAIL() << value << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_NE(error.message().find("0 to 1"), std::string::npos) << error.message();
    }
  }
}

TEST(V1EncoderTest, RefusesFramesThatCannotBeHalved) {
  const auto encoder = make_v1({{"size", "native"}, {"scales", 5}});
  try {
    encoder->encode(at::full({1, 1, 1, 64, 48}, 0.5), {});
    FAIL() << "48 is no multiple of 32";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("multiples of 32"), std::string::npos) << error.message();
  }
}

TEST(V1EncoderTest, RefusesFramesOfAnotherSizeThanItsId) {
  // The kernels are in pixels: another size is another model.
  const auto encoder = make_v1({{"size", 64}, {"scales", 2}});
  try {
    encoder->encode(at::full({1, 1, 1, 32, 32}, 0.5), {});
    FAIL() << "32x32 was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("64x64"), std::string::npos) << error.message();
  }
}

TEST(V1EncoderTest, RefusesBadOptionsByName) {
  const auto with = [](const char* key, const json& value) {
    return json{{"family", "v1"}, {"options", {{key, value}}}};
  };
  expect_usage_error(with("size", 250), "multiple of 64");
  expect_usage_error(with("size", "big"), "native");
  expect_usage_error(with("size", -256), "'size' is -256");
  expect_usage_error(with("scales", 0), "'scales' is 0");
  expect_usage_error(with("scales", 2.5), "whole number");
  expect_usage_error(with("orientations", 0), "'orientations' is 0");
  expect_usage_error(with("readout", "root"), "energy, amplitude");
  expect_usage_error(with("front_end", true), "retina, none");
  expect_usage_error(with("orientation", 4), "'orientations'");
}

TEST(V1EncoderTest, RefusesPreprocessingTheModelIsNotDefinedOn) {
  const auto with = [](const char* key, const json& value) {
    return json{{"family", "v1"}, {"preprocess", {{key, value}}}};
  };
  expect_usage_error(with("colour", "rgb"), "luma");
  expect_usage_error(with("size", 128), "options.size");
  expect_usage_error(with("mean", json::array({0.5, 0.5, 0.5})), "without mean");
  const auto squashed = make_encoder(with("resize", "squash"));
  EXPECT_NE(squashed->info().id, make_encoder({{"family", "v1"}})->info().id);
  EXPECT_EQ(squashed->info().canonical, make_encoder({{"family", "v1"}})->info().canonical);
}

}  // namespace
}  // namespace physprobe

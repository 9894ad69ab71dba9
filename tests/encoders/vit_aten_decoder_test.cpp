// Predictors of video by LibTorch's operations against ours and against the reference, on the CPU
// and, where there is one, on a GPU.

#include "physprobe/encoders/vit_aten_decoder.h"

#include "physprobe/encoders/video_predictor.h"

#include "support/tensor_near.h"

#include <gtest/gtest.h>

#include "video_golden.h"

namespace physprobe {
namespace {

using testing::heads;
using testing::kActivationTolerance;
using testing::kSurpriseTolerance;
using testing::normalised;
using testing::surprise_of_window;
using testing::tensor_near;
using testing::token_range;
using testing::video_config;
using testing::voe_tensors;

std::vector<at::Device> devices() {
  std::vector<at::Device> all = {at::Device(at::kCPU)};
  if (at::hasCUDA()) all.emplace_back(at::kCUDA);
  return all;
}

std::unique_ptr<Predictor> predictor_on(const nlohmann::json& config, const at::Device& device) {
  const VitFamily& family = vit_family(config.at("family").get<std::string>());
  VitOptions options = read_vit_options(family, config);
  options.aten_device = device;
  return make_video_predictor(family, config, options);
}

struct Model {
  std::string family;
  std::string weights;
  std::string io;
  int64_t heads;
};

std::ostream& operator<<(std::ostream& out, const Model& model) {
  return out << model.io;
}

class PredictorOnDevice : public ::testing::TestWithParam<Model> {};

TEST_P(PredictorOnDevice, GivesOurNumbersForAnyTokens) {
  const nlohmann::json config =
      video_config(GetParam().family, GetParam().weights, heads(GetParam().heads));
  const auto ours = make_predictor(config);
  at::Tensor bytes = voe_tensors(GetParam().io).at("video_uint8");
  if (bytes.dim() == 5) bytes = bytes[0];
  const at::Tensor video = normalised(bytes).narrow(3, 0, 32).narrow(4, 0, 32);
  const at::Tensor windows = at::cat({video.narrow(1, 0, 8), video.narrow(1, 1, 8)}, 0);
  const at::Tensor given = at::tensor({1, 4, 7, 2}, at::kLong);
  const at::Tensor asked = at::tensor({15, 9, 8}, at::kLong);
  const at::Tensor targets = ours->targets(windows);
  const at::Tensor predicted = ours->predict(windows.narrow(1, 0, 4), given, asked, 8);
  for (const at::Device& device : devices()) {
    SCOPED_TRACE(device.str());
    const auto there = predictor_on(config, device);
    EXPECT_EQ(there->info().canonical, ours->info().canonical);
    // The golden tolerance: float32 against float32 through two blocks each.
    EXPECT_TRUE(
        tensor_near(there->targets(windows), targets.to(at::kDouble), kActivationTolerance));
    const at::Tensor found = there->predict(windows.narrow(1, 0, 4), given, asked, 8);
    EXPECT_TRUE(tensor_near(found, predicted.to(at::kDouble), kActivationTolerance));
    EXPECT_FALSE(at::equal(found, predicted)) << "nothing was computed there";
    // A sample's bits do not depend on its neighbours.
    EXPECT_TRUE(at::equal(
        there->predict(windows.narrow(0, 1, 1).narrow(1, 0, 4), given, asked, 8)[0], found[1]));
    EXPECT_TRUE(at::equal(there->targets(windows.narrow(0, 1, 1))[0], there->targets(windows)[1]));
    EXPECT_NEAR(surprise_of_window(*there->untrained(5), windows.narrow(0, 0, 1), 4),
                surprise_of_window(*ours->untrained(5), windows.narrow(0, 0, 1), 4),
                kSurpriseTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models,
    PredictorOnDevice,
    ::testing::Values(
        Model{"vjepa2", "vjepa2_rope_weights.safetensors", "vjepa2_rope_io", 2},
        Model{"vjepa", "vjepa1_sincos_checkpoint.pth.tar", "vjepa1_sincos_io", 4},
        Model{"vjepa", "vjepa1_rope_silu_weights.safetensors", "vjepa1_rope_silu_io", 2},
        Model{"videomae", "videomae_pixel_weights.safetensors", "videomae_pixel_io", 2}),
    [](const ::testing::TestParamInfo<Model>& model) { return model.param.io; });

TEST(PredictorOnDeviceTest, EqualsTheReferenceInEveryWindow) {
  const nlohmann::json config = video_config("vjepa2", "vjepa2_rope_weights.safetensors", heads(2));
  const auto io = voe_tensors("vjepa2_rope_io");
  const at::Tensor video = normalised(io.at("video_uint8")[0]);
  const at::Tensor losses = io.at("windows.losses")[0];
  for (const at::Device& device : devices()) {
    SCOPED_TRACE(device.str());
    const auto there = predictor_on(config, device);
    for (int64_t c = 0; c < losses.size(0); ++c) {
      for (int64_t w = 0; w < losses.size(1); ++w) {
        EXPECT_NEAR(surprise_of_window(*there, video.narrow(1, 2 * w, 8), 2 * (c + 1)),
                    losses[c][w].item<double>(), kSurpriseTolerance)
            << "context " << 2 * (c + 1) << ", window " << w;
      }
    }
  }
}

TEST(PredictorOnDeviceTest, FourLevelsOfFeaturesArePredictedThereToo) {
  // V-JEPA 2.1: two layers lead in, norms of four levels side by side. Drawn weights, a small size.
  const VitFamily& family = vit_family("vjepa2_1");
  VitConfig encoder = family.sizes.front().config;
  encoder.depth = 4;
  encoder.width = 48;
  encoder.heads = 3;
  encoder.hidden = 96;
  encoder.level_norms = 4;
  VitDecoderConfig decoder;
  for (const VitSize& size : family.sizes) {
    if (size.decoder) decoder = *size.decoder;
  }
  decoder.blocks.depth = 2;
  decoder.blocks.width = 48;
  decoder.blocks.heads = 3;
  decoder.blocks.hidden = 96;
  decoder.inputs = 192;  // four levels
  decoder.outputs = 192;
  decoder.input_hidden = 48;
  const auto ours = draw_video_networks(family, encoder, decoder, 3, true, std::nullopt);
  const VitPlaces places = ours.decoder->places(2, 2, 2);
  const at::Tensor encoded = at::arange(3 * 192, at::kFloat).reshape({3, 192}).sin().contiguous();
  at::Tensor expected = at::empty({5, 192}, at::kFloat);
  ours.decoder.run(encoded.data_ptr<float>(), 3, 5, places, 0, expected.data_ptr<float>());
  for (const at::Device& device : devices()) {
    SCOPED_TRACE(device.str());
    const auto there = draw_video_networks(family, encoder, decoder, 3, true, device);
    at::Tensor found = at::empty({5, 192}, at::kFloat);
    there.decoder.run(encoded.data_ptr<float>(), 3, 5, places, 0, found.data_ptr<float>());
    EXPECT_TRUE(tensor_near(found, expected.to(at::kDouble), kActivationTolerance));
  }
}

}  // namespace
}  // namespace physprobe

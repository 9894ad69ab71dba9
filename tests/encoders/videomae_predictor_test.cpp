// VideoMAE's decoder of pixels against the reference, as it predicts and as it was published.

#include "physprobe/encoders/video_predictor.h"
#include "physprobe/encoders/vit_position.h"

#include "support/tensor_near.h"

#include <gtest/gtest.h>

#include "video_golden.h"

namespace physprobe {
namespace {

using testing::encoder_stages;
using testing::heads;
using testing::kActivationTolerance;
using testing::kSurpriseTolerance;
using testing::normalised;
using testing::surprise_of_window;
using testing::tensor_near;
using testing::token_range;
using testing::video_config;
using testing::voe_tensors;

TEST(VideoMae, PredictionAndTargetsEqualTheReference) {
  const auto io = voe_tensors("videomae_pixel_io");
  const auto model =
      make_predictor(video_config("videomae", "videomae_pixel_weights.safetensors", heads(2)));
  EXPECT_FALSE(model->predictor_info().normalises_targets);
  EXPECT_TRUE(tensor_near(sinusoid_positions(128, 32), io.at("encoder.pos_embed")[0], 1e-6));
  const at::Tensor video = normalised(io.at("video_uint8"));
  const at::Tensor window = video.narrow(1, 0, 16);
  const auto stages = encoder_stages(*parts_of(*model).context_encoder, window.narrow(1, 0, 2),
                                     token_range(0, 16), 8);
  EXPECT_TRUE(
      tensor_near(stages.at("norm"), io.at("ctx2.window0.encoder.out"), kActivationTolerance));
  const at::Tensor prediction =
      model->predict(window.narrow(1, 0, 2), token_range(0, 16), token_range(16, 128), 16);
  EXPECT_TRUE(tensor_near(prediction[0].narrow(0, 0, 24), io.at("ctx2.window0.prediction"),
                          kActivationTolerance));
  EXPECT_TRUE(tensor_near(model->targets(window)[0].narrow(0, 16, 24), io.at("ctx2.window0.target"),
                          kActivationTolerance));
}

TEST(VideoMae, SurpriseEqualsTheReferenceAsPredictedAndAsPublished) {
  const auto io = voe_tensors("videomae_pixel_io");
  const at::Tensor video = normalised(io.at("video_uint8"));
  const std::vector<int64_t> contexts = {2, 4, 10};
  for (const std::string mode : {"model", "published_zeros"}) {
    nlohmann::json options = heads(2);
    options["prediction"] = mode;
    const auto model =
        make_predictor(video_config("videomae", "videomae_pixel_weights.safetensors", options));
    const at::Tensor losses =
        io.at(mode == "model" ? "losses.prediction" : "losses.zero_prediction");
    for (std::size_t c = 0; c < contexts.size(); ++c) {
      for (int64_t w = 0; w < losses.size(1); ++w) {
        EXPECT_NEAR(surprise_of_window(*model, video.narrow(1, 2 * w, 16), contexts[c]),
                    losses[static_cast<int64_t>(c)][w].item<double>(), kSurpriseTolerance)
            << mode << ", context " << contexts[c] << ", window " << w;
      }
    }
  }
}

}  // namespace
}  // namespace physprobe

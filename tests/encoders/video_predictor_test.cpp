// The reference's V-JEPA models stage by stage, and its surprises end to end.

#include "physprobe/encoders/video_predictor.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vit_position.h"

#include "support/tensor_near.h"

#include <gtest/gtest.h>

#include <functional>

#include "thread_count.h"
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
using testing::ThreadCount;
using testing::token_range;
using testing::video_config;
using testing::voe_tensors;

const char* const kVjepa2File = "vjepa2_rope_weights.safetensors";

struct Reference {
  std::string family;
  std::string weights;
  std::string io;
  int64_t heads;
  int64_t side;        ///< Of the model's input.
  std::string losses;  ///< Their name; "" where they were not kept.
};

std::ostream& operator<<(std::ostream& out, const Reference& reference) {
  return out << reference.io;
}

class VideoPredictorGolden : public ::testing::TestWithParam<Reference> {
 protected:
  void SetUp() override {
    io_ = voe_tensors(GetParam().io);
    predictor_ = make_predictor(
        video_config(GetParam().family, GetParam().weights, heads(GetParam().heads)));
    const at::Tensor bytes = io_.at("video_uint8")[0];
    video_ = normalised(bytes);
    if (bytes.size(1) != GetParam().side || bytes.size(2) != GetParam().side) {
      // v1's centre: a square, resized bilinearly without antialiasing, half-pixel centres.
      const int64_t side = std::min(bytes.size(1), bytes.size(2));
      const at::Tensor square = bytes.narrow(0, 0, bytes.size(0))
                                    .narrow(1, (bytes.size(1) - side) / 2, side)
                                    .narrow(2, (bytes.size(2) - side) / 2, side)
                                    .permute({0, 3, 1, 2})
                                    .to(at::kFloat);
      const at::Tensor resized =
          at::upsample_bilinear2d(square, {GetParam().side, GetParam().side}, false);
      const at::Tensor mean = at::tensor({0.485F, 0.456F, 0.406F}).reshape({3, 1, 1});
      const at::Tensor deviation = at::tensor({0.229F, 0.224F, 0.225F}).reshape({3, 1, 1});
      video_ = resized.sub(mean * 255.0).div(deviation * 255.0).unsqueeze(0).contiguous();
    }
    window_ = video_.narrow(1, 0, 8).contiguous();
  }

  void expect_stage(const std::string& name, const at::Tensor& found) const {
    const auto stage = io_.find(name);
    if (stage == io_.end()) return;
    EXPECT_TRUE(tensor_near(found, stage->second, kActivationTolerance)) << name;
  }

  std::map<std::string, at::Tensor> io_;
  std::unique_ptr<Predictor> predictor_;
  at::Tensor video_;
  at::Tensor window_;
};

TEST_P(VideoPredictorGolden, TargetEncoderEqualsTheReferenceStageByStage) {
  const VideoPredictorParts& parts = parts_of(*predictor_);
  const auto stages = encoder_stages(*parts.target_encoder, window_, {}, 4);
  expect_stage("ctx2.target.block0", stages.at("block0"));
  expect_stage("ctx2.target.block1", stages.at("block1"));
  expect_stage("ctx2.target.norm", stages.at("norm"));
  EXPECT_TRUE(at::equal(predictor_->targets(window_), stages.at("norm")));
}

TEST_P(VideoPredictorGolden, ContextAndPredictionEqualTheReferenceStageByStage) {
  const VideoPredictorParts& parts = parts_of(*predictor_);
  const at::Tensor given = io_.at("ctx2.mask.context");
  const at::Tensor asked = io_.at("ctx2.mask.target");
  const auto stages = encoder_stages(*parts.context_encoder, window_.narrow(1, 0, 2), given, 4);
  expect_stage("ctx2.context.block0", stages.at("block0"));
  expect_stage("ctx2.context.block1", stages.at("block1"));
  expect_stage("ctx2.context.norm", stages.at("norm"));

  const VitDecoder& decoder = *parts.decoder;
  const int64_t width = decoder.config().blocks.width;
  const int64_t side = GetParam().side / parts.context_encoder->config().patch;
  const VitPlaces places =
      selected_places(decoder.places(side, side, 4), at::cat({given, asked}, 0));
  at::Tensor out = at::empty({1, asked.numel(), decoder.config().outputs}, at::kFloat);
  const at::Tensor encoded = stages.at("norm");
  decoder.run(encoded.data_ptr<float>(), given.numel(), asked.numel(), places, 0,
              out.data_ptr<float>(), [&](int64_t block, const float* values) {
                if (block < 0) return;
                at::Tensor copy = at::empty({1, given.numel() + asked.numel(), width}, at::kFloat);
                std::copy_n(values, copy.numel(), copy.data_ptr<float>());
                expect_stage("ctx2.predictor.block" + std::to_string(block), copy);
              });
  expect_stage("ctx2.predictor.proj", out);
  EXPECT_TRUE(at::equal(predictor_->predict(window_.narrow(1, 0, 2), given, asked, 8), out));
}

TEST_P(VideoPredictorGolden, EveryContextsPredictionEqualsTheReference) {
  for (const int64_t context : {2, 4, 6}) {
    const std::string prefix = "ctx" + std::to_string(context) + ".";
    if (io_.count(prefix + "mask.context") == 0) continue;
    const at::Tensor prediction =
        predictor_->predict(window_.narrow(1, 0, context), io_.at(prefix + "mask.context"),
                            io_.at(prefix + "mask.target"), 8);
    expect_stage(prefix + "predictor.proj", prediction);
    if (io_.count(prefix + "surprise") != 0) {
      EXPECT_NEAR(surprise_of_window(*predictor_, window_, context),
                  io_.at(prefix + "surprise").item<double>(), kSurpriseTolerance);
    }
  }
}

/// The models of which both encoders were kept, and with them the losses.
class VideoPredictorLosses : public VideoPredictorGolden {};

TEST_P(VideoPredictorLosses, SurpriseOfEveryWindowEqualsTheReference) {
  const at::Tensor losses = io_.at(GetParam().losses)[0];
  for (int64_t c = 0; c < losses.size(0); ++c) {
    for (int64_t w = 0; w < losses.size(1); ++w) {
      EXPECT_NEAR(surprise_of_window(*predictor_, video_.narrow(1, 2 * w, 8), 2 * (c + 1)),
                  losses[c][w].item<double>(), kSurpriseTolerance)
          << "context " << 2 * (c + 1) << ", window " << w;
    }
  }
}

const Reference kReferences[] = {
    {"vjepa2", kVjepa2File, "vjepa2_rope_io", 2, 64, "windows.losses"},
    {"vjepa", "vjepa1_sincos_checkpoint.pth.tar", "vjepa1_sincos_io", 4, 32, "extract.losses"},
    {"vjepa", "vjepa1_rope_silu_weights.safetensors", "vjepa1_rope_silu_io", 2, 64, ""}};

std::string name_of(const ::testing::TestParamInfo<Reference>& reference) {
  return reference.param.io;
}

INSTANTIATE_TEST_SUITE_P(Models, VideoPredictorGolden, ::testing::ValuesIn(kReferences), name_of);
INSTANTIATE_TEST_SUITE_P(Models,
                         VideoPredictorLosses,
                         ::testing::Values(kReferences[0], kReferences[1]),
                         name_of);

class Vjepa2 : public ::testing::Test {
 protected:
  static std::unique_ptr<Predictor> predictor(const nlohmann::json& more = {}) {
    nlohmann::json options = heads(2);
    if (more.is_object()) options.update(more);
    return make_predictor(video_config("vjepa2", kVjepa2File, options));
  }
  at::Tensor window() const { return normalised(io_.at("video_uint8")[0].narrow(0, 0, 8)); }
  std::map<std::string, at::Tensor> io_ = voe_tensors("vjepa2_rope_io");
};

TEST_F(Vjepa2, ScatteredAndPermutedTokensEqualTheReference) {
  const auto model = predictor();
  const at::Tensor given = io_.at("scatter.mask.context");
  const auto stages = encoder_stages(*parts_of(*model).context_encoder, window(), given, 4);
  EXPECT_TRUE(tensor_near(stages.at("norm"), io_.at("scatter.context.norm"), kActivationTolerance));
  EXPECT_TRUE(tensor_near(model->predict(window(), given, io_.at("scatter.mask.target"), 8),
                          io_.at("scatter.predictor.proj"), kActivationTolerance));
}

TEST_F(Vjepa2, ShorterAndNonSquareClipsEqualTheReference) {
  const auto model = predictor();
  EXPECT_TRUE(tensor_near(model->targets(window().narrow(1, 0, 6)), io_.at("short.target.norm"),
                          kActivationTolerance));
  const at::Tensor wide = normalised(io_.at("nonsquare.video_uint8"));
  const VitModel& encoder = *parts_of(*model).context_encoder;
  EXPECT_TRUE(tensor_near(encoder_stages(encoder, wide, {}, 2).at("norm"),
                          io_.at("nonsquare.encoder.norm"), kActivationTolerance));
  EXPECT_TRUE(tensor_near(encoder_stages(encoder, wide, io_.at("nonsquare.mask"), 2).at("norm"),
                          io_.at("nonsquare.encoder_masked.norm"), kActivationTolerance));
  const TokenGrid grid = model->grid(4, 32, 80);
  EXPECT_EQ(grid.time_steps, 2);
  EXPECT_EQ(grid.height, 2);
  EXPECT_EQ(grid.width, 5);
}

TEST_F(Vjepa2, AnotherMaskTokenIsAnOptionAndAnotherModel) {
  const auto model = predictor({{"mask_token", 1}});
  const at::Tensor prediction =
      model->predict(window().narrow(1, 0, 2), token_range(0, 16), token_range(16, 64), 8);
  EXPECT_TRUE(
      tensor_near(prediction, io_.at("ctx2.mask_index1.predictor.proj"), kActivationTolerance));
  EXPECT_NE(model->info().canonical, predictor()->info().canonical);
  EXPECT_NE(model->info().id, predictor()->info().id);
  EXPECT_EQ(model->predictor_info().mask_token, 1);
  EXPECT_THROW(predictor({{"mask_token", 3}}), Error);
}

TEST_F(Vjepa2, ThePortThatEncodesEverythingFirstLeaksTheFutureIntoItsContext) {
  // transformers gathers context tokens after the encoder: they have attended to the targets.
  const auto model = predictor({{"mask_token", 1}});
  const VideoPredictorParts& parts = parts_of(*model);
  const at::Tensor whole = encoder_stages(*parts.context_encoder, window(), {}, 4).at("norm");
  EXPECT_TRUE(tensor_near(whole, io_.at("hf.last_hidden_state"), kActivationTolerance));
  const at::Tensor leaked = whole.slice(1, 0, 16).contiguous();
  at::Tensor out = at::empty({1, 48, 32}, at::kFloat);
  parts.decoder->run(leaked.data_ptr<float>(), 16, 48,
                     selected_places(parts.decoder->places(4, 4, 4), token_range(0, 64)), 1,
                     out.data_ptr<float>());
  EXPECT_TRUE(tensor_near(out, io_.at("hf.predictor.last_hidden_state"), kActivationTolerance));
  // And ours is not that.
  const at::Tensor alone =
      model->predict(window().narrow(1, 0, 2), token_range(0, 16), token_range(16, 64), 8);
  EXPECT_GT((alone - out).abs().max().item<double>(), 100 * kActivationTolerance);
}

TEST_F(Vjepa2, FramesOfTheFutureDoNotReachThePrediction) {
  const auto model = predictor();
  const at::Tensor first = window();
  at::Tensor changed = first.clone();
  changed.narrow(1, 4, 4).add_(1.0);
  const at::Tensor given = token_range(0, 32);
  const at::Tensor asked = token_range(32, 64);
  // Also when the future's frames are handed over, tokens that are not listed do not exist.
  EXPECT_TRUE(
      at::equal(model->predict(first, given, asked, 8), model->predict(changed, given, asked, 8)));
  EXPECT_TRUE(at::equal(model->predict(first, given, asked, 8),
                        model->predict(first.narrow(1, 0, 4), given, asked, 8)));
}

TEST_F(Vjepa2, SameBitsForAnyBatchSlotAndThreadCount) {
  const auto model = predictor();
  const at::Tensor video = normalised(io_.at("video_uint8")[0]);
  std::vector<at::Tensor> windows;
  for (int64_t start = 0; start < 5; ++start) windows.push_back(video.narrow(1, start, 8));
  const at::Tensor batch = at::cat(windows, 0);
  const at::Tensor given = token_range(0, 32);
  const at::Tensor asked = token_range(32, 64);
  at::Tensor targets;
  at::Tensor predictions;
  for (const int count : {1, 2, 7}) {
    const ThreadCount threads(count);
    const at::Tensor found = model->targets(batch);
    const at::Tensor predicted = model->predict(batch.narrow(1, 0, 4), given, asked, 8);
    if (targets.defined()) {
      EXPECT_TRUE(at::equal(found, targets)) << count << " threads";
      EXPECT_TRUE(at::equal(predicted, predictions)) << count << " threads";
    }
    targets = found;
    predictions = predicted;
  }
  for (int64_t i = 0; i < batch.size(0); ++i) {
    const at::Tensor alone = batch.narrow(0, i, 1);
    EXPECT_TRUE(at::equal(model->targets(alone)[0], targets[i])) << i;
    EXPECT_TRUE(
        at::equal(model->predict(alone.narrow(1, 0, 4), given, asked, 8)[0], predictions[i]))
        << i;
  }
}

TEST_F(Vjepa2, RequestsThatDoNotFitAreRefused) {
  const auto model = predictor();
  const at::Tensor context = window().narrow(1, 0, 2);
  const auto refused = [&](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kUsage;
    }
    return false;
  };
  const auto predict = [&](const at::Tensor& given, const at::Tensor& asked, int64_t frames) {
    return refused([&] { model->predict(context, given, asked, frames); });
  };
  const at::Tensor good = token_range(0, 16);
  EXPECT_TRUE(predict(token_range(0, 17), good, 8));   // beyond the context's frames
  EXPECT_TRUE(predict(good, token_range(60, 65), 8));  // beyond the window
  EXPECT_TRUE(predict(token_range(0, 0), good, 8));
  EXPECT_TRUE(predict(good, good.to(at::kInt), 8));
  EXPECT_TRUE(predict(good, good, 0));
  EXPECT_TRUE(predict(good, good, 7));
  EXPECT_TRUE(refused([&] { model->targets(window().narrow(1, 0, 3)); }));
  EXPECT_TRUE(refused([&] { model->targets(window().narrow(3, 0, 60)); }));
}

TEST_F(Vjepa2, UntrainedIsDrawnAnewTheSameForASeed) {
  const auto model = predictor();
  const auto drawn = model->untrained(5);
  EXPECT_EQ(drawn->info().weights_digest, "random-5");
  EXPECT_EQ(drawn->predictor_info().mask_token_norms, (std::vector<double>{0.0, 0.0, 0.0}));
  EXPECT_TRUE(drawn->predictor_info().shares_encoder);
  const double first = surprise_of_window(*drawn, window(), 4);
  EXPECT_EQ(first, surprise_of_window(*model->untrained(5), window(), 4));
  EXPECT_NE(first, surprise_of_window(*model->untrained(6), window(), 4));
  EXPECT_NE(first, surprise_of_window(*model, window(), 4));
}

TEST(Vjepa, TheFixedTableEqualsTheReferenceInBothWidths) {
  const auto io = voe_tensors("vjepa1_sincos_io");
  const at::Tensor expected = io.at("encoder.pos_embed")[0];
  // Stated by the specification: float64 stored as float32.
  EXPECT_TRUE(tensor_near(sincos_positions(4, 4, 4, 40, true), expected, 1e-7));
}

}  // namespace
}  // namespace physprobe

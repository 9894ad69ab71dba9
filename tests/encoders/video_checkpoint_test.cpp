// Files of video models: their forms, namings, what is left over in them and what is wrong.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/video_predictor.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_decoder_checkpoint.h"
#include "physprobe/encoders/weights_report.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include "video_golden.h"
#include "vit_saved.h"

namespace physprobe {
namespace {

using testing::renamed;
using testing::TempDir;
using testing::voe_path;
using testing::voe_tensors;

const char* const kVjepa2 = "vjepa2_rope_weights";

nlohmann::json digests(const std::string& name) {
  return nlohmann::json::parse(read_file(voe_path(name + ".sha256.json")));
}

std::string digest_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  return sha256_hex(std::string(reinterpret_cast<const char*>(values.data_ptr<float>()),
                                static_cast<std::size_t>(values.numel()) * sizeof(float)));
}

nlohmann::json config(const std::string& family, const std::string& weights) {
  return {{"family", family},
          {"weights", weights},
          {"options", {{"heads", 2}, {"predictor_heads", 2}}},
          {"preprocess", {{"resize", "none"}, {"crop", 0}}}};
}

std::string message_of(const std::function<void()>& call, ErrorKind kind) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

at::Tensor window() {
  return testing::normalised(voe_tensors("vjepa2_rope_io").at("video_uint8")[0].narrow(0, 0, 8));
}

at::Tensor prediction(const Predictor& predictor) {
  return predictor.predict(window().narrow(1, 0, 2), testing::token_range(0, 16),
                           testing::token_range(16, 64), 8);
}

/// The golden weights as Hugging Face keeps them: one encoder and the predictor.
std::map<std::string, at::Tensor> hugging_face_form() {
  const Checkpoint checkpoint = Checkpoint::open(voe_path(std::string(kVjepa2) + ".safetensors"));
  const VitFamily& family = vit_family("vjepa2");
  const VitWeights encoder = load_vit(checkpoint, {"vjepa2", 2, "encoder"});
  const VitDecoderWeights decoder = load_vit_decoder(checkpoint, family, encoder.facts.config, 2);
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, tensor] : renamed(hugging_face_vjepa2_naming(), encoder.parameters)) {
    out["encoder." + name] = tensor;
  }
  for (const auto& [name, tensor] :
       renamed(hugging_face_vjepa2_predictor_naming(), decoder.parameters)) {
    out["predictor." + name] = name == "embeddings.mask_tokens" ? tensor.unsqueeze(1) : tensor;
  }
  return out;
}

TEST(VideoCheckpoint, TheTrainingFormOfV1HoldsTheSameBits) {
  const Checkpoint checkpoint = Checkpoint::open(voe_path("vjepa1_sincos_checkpoint.pth.tar"));
  const nlohmann::json expected = digests("vjepa1_sincos_weights");
  for (const auto& [name, digest] : expected.items()) {
    ASSERT_TRUE(checkpoint.contains(name)) << name;
    EXPECT_EQ(digest_of(checkpoint.read_float(name)), digest.get<std::string>()) << name;
  }
  EXPECT_GT(expected.size(), 80U);
}

TEST(VideoCheckpoint, HuggingFacesFormHoldsTheSameBitsUnderItsOwnNames) {
  const nlohmann::json expected = digests("vjepa2_rope_hf_model");
  const auto tensors = hugging_face_form();
  EXPECT_EQ(tensors.size(), expected.size());
  for (const auto& [name, digest] : expected.items()) {
    ASSERT_EQ(tensors.count(name), 1U) << name;
    EXPECT_EQ(digest_of(tensors.at(name)), digest.get<std::string>()) << name;
  }
}

TEST(VideoCheckpoint, BothNamingsPredictTheSameBits) {
  const TempDir dir;
  write_safetensors(dir / "model.safetensors", hugging_face_form());
  write_file_atomic(dir / "config.json", read_file(voe_path("vjepa2_rope_hf_config.json")));
  const auto theirs = make_predictor(
      {{"weights", dir / "model.safetensors"}, {"preprocess", {{"resize", "none"}, {"crop", 0}}}});
  const auto original =
      make_predictor(config("vjepa2", voe_path(std::string(kVjepa2) + ".safetensors")));
  EXPECT_TRUE(at::equal(prediction(*theirs), prediction(*original)));
  EXPECT_TRUE(theirs->predictor_info().shares_encoder);
  EXPECT_FALSE(original->predictor_info().shares_encoder);
  EXPECT_EQ(parts_of(*theirs).context_encoder.model, parts_of(*theirs).target_encoder.model);
  EXPECT_NE(theirs->info().detection.find("(config.json)"), std::string::npos);
  EXPECT_NE(theirs->info().detection.find("one encoder for context and targets"),
            std::string::npos);
}

TEST(VideoCheckpoint, VideoMaesConversionPredictsTheSameBits) {
  const std::string file = voe_path("videomae_pixel_weights.safetensors");
  const nlohmann::json options = {{"heads", 2}, {"predictor_heads", 2}};
  const auto original = make_predictor(
      testing::video_config("videomae", "videomae_pixel_weights.safetensors", options));
  const Checkpoint checkpoint = Checkpoint::open(file);
  const VitWeights encoder = load_vit(checkpoint, {"videomae", 2, ""});
  const VitDecoderWeights decoder =
      load_vit_decoder(checkpoint, vit_family("videomae"), encoder.facts.config, 2);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : renamed(hugging_face_videomae_naming(), encoder.parameters)) {
    tensors["videomae." + name] = tensor;
  }
  for (const auto& [name, tensor] :
       renamed(hugging_face_videomae_decoder_naming(), decoder.parameters)) {
    tensors[name] = tensor;
  }
  EXPECT_EQ(tensors.count("videomae.encoder.layer.0.attention.attention.q_bias"), 1U);
  EXPECT_EQ(tensors.count("videomae.encoder.layer.0.attention.attention.key.bias"), 0U);
  EXPECT_EQ(tensors.count("decoder.decoder_layers.1.output.dense.weight"), 1U);
  const TempDir dir;
  write_safetensors(dir / "model.safetensors", tensors);
  write_file_atomic(dir / "config.json",
                    R"({"model_type": "videomae", "num_attention_heads": 2, "hidden_act": "gelu",
                        "decoder_num_attention_heads": 2, "layer_norm_eps": 1e-6})");
  const auto theirs = make_predictor(
      {{"weights", dir / "model.safetensors"}, {"preprocess", {{"resize", "none"}, {"crop", 0}}}});
  EXPECT_EQ(theirs->info().family, "videomae");
  EXPECT_NE(theirs->info().detection.find("(hf names)"), std::string::npos)
      << theirs->info().detection;
  EXPECT_TRUE(theirs->predictor_info().unused_tensors.empty());
  EXPECT_TRUE(at::equal(prediction(*theirs), prediction(*original)));
}

TEST(VideoCheckpoint, WhatIsLeftOverIsIgnoredAndSaid) {
  const auto predictor =
      make_predictor(config("vjepa2", voe_path(std::string(kVjepa2) + ".safetensors")));
  EXPECT_EQ(predictor->predictor_info().unused_tensors,
            std::vector<std::string>{"encoder.module.backbone.pos_embed"});
  EXPECT_EQ(predictor->predictor_info().mask_token_norms.size(), 3U);
  EXPECT_GT(predictor->predictor_info().mask_token_norms[0], 0.0);
  const TempDir dir;
  auto tensors = voe_tensors(kVjepa2);
  tensors["encoder.module.backbone.pos_embed"] = at::ones({1, 7, 5});
  tensors["predictor.module.backbone.predictor_pos_embed"] = at::ones({1, 3, 2});
  tensors["opt.state.0.exp_avg"] = at::ones({4});
  write_safetensors(dir / "w.safetensors", tensors);
  EXPECT_TRUE(at::equal(prediction(*make_predictor(config("vjepa2", dir / "w.safetensors"))),
                        prediction(*predictor)));
}

TEST(VideoCheckpoint, TheVariantIsReadOffNamesAndNumbers) {
  const auto facts = [](const std::string& file) {
    return read_vit_facts(Checkpoint::open(voe_path(file)), {"", 2, ""});
  };
  const VitFacts sincos = facts("vjepa1_sincos_checkpoint.pth.tar");
  EXPECT_EQ(sincos.family, "vjepa");
  EXPECT_EQ(sincos.config.positions, VitPositions::kTable);
  EXPECT_EQ(sincos.config.table_steps, 4);
  EXPECT_EQ(sincos.config.table_side, 4);
  EXPECT_NE(sincos.line.find("4x4x4 fixed positions"), std::string::npos) << sincos.line;
  EXPECT_EQ(sincos.holder, "target_encoder.module.backbone.");
  const VitFacts rotary = facts("vjepa1_rope_silu_weights.safetensors");
  EXPECT_EQ(rotary.family, "vjepa");
  EXPECT_EQ(rotary.config.positions, VitPositions::kRotaryVideo);
  EXPECT_TRUE(rotary.config.is_gated());
  const VitFacts second = facts(std::string(kVjepa2) + ".safetensors");
  EXPECT_EQ(second.family, "vjepa2");
  EXPECT_EQ(second.config.positions, VitPositions::kRotaryVideoTiled);
  EXPECT_EQ(facts("videomae_pixel_weights.safetensors").family, "videomae");
}

TEST(VideoCheckpoint, AnotherVariantIsNamed) {
  const std::string v2 = voe_path(std::string(kVjepa2) + ".safetensors");
  const std::string text = message_of(
      [&] {
        make_predictor({{"family", "videomae"}, {"weights", v2}, {"options", {{"heads", 2}}}});
      },
      ErrorKind::kIncompatible);
  EXPECT_NE(text.find("looks like V-JEPA 2"), std::string::npos) << text;
  const std::string size = message_of(
      [&] {
        make_predictor(
            {{"family", "vjepa2"}, {"weights", v2}, {"options", {{"heads", 2}, {"size", "vitl"}}}});
      },
      ErrorKind::kIncompatible);
  EXPECT_NE(size.find("is not a V-JEPA 2 of size vitl"), std::string::npos) << size;
  const std::string image = message_of(
      [&] {
        make_predictor({{"weights", testing::golden_path("encoders/dinov2_plain.orig.safetensors")},
                        {"options", {{"heads", 3}}}});
      },
      ErrorKind::kIncompatible);
  EXPECT_NE(image.find("dinov2_plain.orig.safetensors: "), std::string::npos) << image;
  EXPECT_NE(image.find("'dinov2' has no predictor"), std::string::npos) << image;
}

TEST(VideoCheckpoint, TensorsOfThePredictorThatDoNotFitAreListed) {
  const TempDir dir;
  auto tensors = voe_tensors(kVjepa2);
  const std::string predictor = "predictor.module.backbone.";
  tensors.erase(predictor + "predictor_blocks.1.norm2.bias");
  tensors[predictor + "predictor_norm.weight"] = at::ones({23});
  tensors[predictor + "surplus"] = at::ones({2});
  write_safetensors(dir / "w.safetensors", tensors);
  const std::string text = message_of(
      [&] { make_predictor(config("vjepa2", dir / "w.safetensors")); }, ErrorKind::kIncompatible);
  for (const char* part : {"predictor_blocks.1.norm2.bias [24]",
                           "predictor_norm.weight is [23], expected [24]", "surplus"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(VideoCheckpoint, AnEncoderAloneIsNoPredictor) {
  const TempDir dir;
  auto tensors = voe_tensors(kVjepa2);
  for (auto entry = tensors.begin(); entry != tensors.end();) {
    entry = entry->first.rfind("predictor.", 0) == 0 ? tensors.erase(entry) : std::next(entry);
  }
  write_safetensors(dir / "w.safetensors", tensors);
  EXPECT_NO_THROW(make_encoder({{"weights", dir / "w.safetensors"}, {"options", {{"heads", 2}}}}));
  const std::string text = message_of(
      [&] { make_predictor(config("vjepa2", dir / "w.safetensors")); }, ErrorKind::kIncompatible);
  EXPECT_NE(text.find("holds no predictor, only an encoder"), std::string::npos) << text;
}

TEST(VideoCheckpoint, ADamagedTableOfV1IsRefusedNotDropped) {
  const TempDir dir;
  const Checkpoint checkpoint = Checkpoint::open(voe_path("vjepa1_sincos_checkpoint.pth.tar"));
  std::map<std::string, at::Tensor> tensors;
  for (const std::string& name : checkpoint.names()) {
    if (name.find("backbone") != std::string::npos) tensors[name] = checkpoint.read_float(name);
  }
  tensors.at("encoder.module.backbone.pos_embed")[0][5][3] += 0.5;
  write_safetensors(dir / "w.safetensors", tensors);
  const std::string text = message_of(
      [&] {
        make_predictor({{"family", "vjepa"},
                        {"weights", dir / "w.safetensors"},
                        {"options", {{"heads", 4}, {"predictor_heads", 4}}}});
      },
      ErrorKind::kIncompatible);
  EXPECT_NE(text.find("pos_embed', which is not the fixed table"), std::string::npos) << text;
}

TEST(VideoCheckpoint, InspectionFindsTheFamily) {
  const WeightsReport report =
      inspect_weights(voe_path(std::string(kVjepa2) + ".safetensors"), {"", 2, "", true});
  EXPECT_EQ(report.detected_family, "vjepa2");
  ASSERT_FALSE(report.families.empty());
  EXPECT_EQ(report.families.front().family, "vjepa2");
  EXPECT_TRUE(report.families.front().fits) << report.families.front().reason;
}

/// Every published predictor, cut down, saved under every naming beside its encoder, read back.
TEST(VideoCheckpoint, EveryPredictorReadsBackWithTheSameBits) {
  const TempDir dir;
  for (const VitFamily& family : vit_families()) {
    for (const VitSize& size : family.sizes) {
      if (!size.decoder) continue;
      for (const VitNaming* naming : family.decoder_namings) {
        SCOPED_TRACE(family.name + " " + size.name + " " + naming->name);
        const VitConfig encoder = testing::small_model(family, size.config);
        VitDecoderConfig decoder = *size.decoder;
        const VitConfig published = decoder.blocks;
        decoder.blocks = encoder;
        decoder.blocks.width = 32;
        decoder.blocks.heads = 2;
        decoder.blocks.depth = 2;
        decoder.blocks.hidden = 64;
        decoder.blocks.feed_forward = published.feed_forward;
        decoder.inputs = decoder.inputs / size.config.width * encoder.width;
        if (!family.predicts_pixels) decoder.outputs = decoder.inputs;
        if (decoder.input_hidden > 0) decoder.input_hidden = 20;
        const VitParameters parameters = draw_parameters(
            decoder.blocks, vit_decoder_parameters(decoder), 3, family.initialisation);
        std::map<std::string, at::Tensor> tensors;
        for (const auto& [name, tensor] : renamed(*naming, parameters)) {
          tensors["predictor." + name] = tensor;
        }
        write_safetensors(dir / "w.safetensors", tensors, {{"predictor_num_heads", "2"}});
        const VitDecoderWeights loaded =
            load_vit_decoder(Checkpoint::open(dir / "w.safetensors"), family, encoder, 0);
        EXPECT_EQ(loaded.facts.config.canonical(), decoder.canonical());
        ASSERT_EQ(loaded.parameters.size(), parameters.size());
        for (const auto& [name, tensor] : parameters) {
          EXPECT_TRUE(at::equal(loaded.parameters.at(name), tensor)) << name;
        }
      }
    }
  }
}

TEST(VideoCheckpoint, TheFourLevelsOfV2Point1StandSideBySideAndAreNormedOneByOne) {
  const VitFamily& family = vit_family("vjepa2_1");
  const VitSize& size = family.sizes[2];
  VitConfig encoder = testing::small_model(family, size.config);
  encoder.depth = 4;
  VitDecoderConfig decoder = *size.decoder;
  decoder.blocks = encoder;
  decoder.blocks.width = 32;
  decoder.blocks.heads = 2;
  decoder.blocks.hidden = 64;
  decoder.blocks.level_norms = 1;
  decoder.inputs = decoder.outputs = 4 * encoder.width;
  decoder.input_hidden = encoder.width;
  std::map<std::string, at::Tensor> tensors;
  for (const std::string holder : {"encoder.module.backbone.", "target_encoder.module.backbone."}) {
    for (const auto& [name, tensor] :
         renamed(vjepa2_1_naming(), random_vit_parameters(encoder, 3, family.initialisation))) {
      tensors[holder + name] = tensor;
    }
  }
  for (const auto& [name, tensor] :
       renamed(vjepa_predictor_naming(),
               draw_parameters(decoder.blocks, vit_decoder_parameters(decoder), 4,
                               family.initialisation))) {
    tensors["predictor.module.backbone." + name] = tensor;
  }
  const TempDir dir;
  write_safetensors(dir / "w.safetensors", tensors,
                    {{"num_heads", "3"}, {"predictor_num_heads", "2"}});
  const auto model = make_predictor(
      {{"weights", dir / "w.safetensors"}, {"preprocess", {{"resize", "none"}, {"crop", 0}}}});
  EXPECT_FALSE(model->info().is_verified);
  EXPECT_FALSE(model->predictor_info().normalises_targets);
  const at::Tensor targets = model->targets(window());
  EXPECT_EQ(targets.sizes(), (std::vector<int64_t>{1, 64, 4 * encoder.width}));
  const at::Tensor levels = targets.reshape({64, 4, encoder.width});
  // Mean 0 and variance 1 but for the 1e-5 under the root; sums of 48 float32 numbers.
  EXPECT_LT(levels.mean(-1).abs().max().item<double>(), 1e-6);
  EXPECT_LT((levels.var(-1, false) - 1.0).abs().max().item<double>(), 1e-3);
  const at::Tensor predicted = prediction(*model);
  EXPECT_EQ(predicted.sizes(), (std::vector<int64_t>{1, 48, 4 * encoder.width}));
  EXPECT_TRUE(at::isfinite(predicted).all().item<bool>());
}

}  // namespace
}  // namespace physprobe

#include "physprobe/encoders/vit_checkpoint.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "dinov2_golden.h"

namespace physprobe {
namespace {

using testing::dinov2_file;
using testing::dinov2_goldens;
using testing::small_vit;
using testing::TempDir;
using testing::write_dinov2;

VitWeights load_dinov2(const std::string& path, int64_t heads) {
  return load_vit(path, {"dinov2", heads, ""});
}

const VitFamily& family() {
  return vit_family("dinov2");
}

std::string refusal(const std::string& path, ErrorKind kind, int64_t heads = 0) {
  try {
    load_dinov2(path, heads);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << path << " was accepted";
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(VitCheckpointTest, OriginalAndHuggingFaceNamesGiveTheSameBits) {
  for (const auto& golden : dinov2_goldens()) {
    const VitWeights original = load_dinov2(dinov2_file(golden.name, "orig"), 0);
    const VitWeights theirs = load_dinov2(dinov2_file(golden.name, "hf"), 0);
    EXPECT_EQ(original.facts.config.canonical(), theirs.facts.config.canonical());
    EXPECT_NE(original.digest, theirs.digest);
    ASSERT_EQ(original.parameters.size(), theirs.parameters.size());
    for (const auto& [name, tensor] : original.parameters) {
      EXPECT_TRUE(at::equal(tensor, theirs.parameters.at(name))) << golden.name << " " << name;
    }
  }
}

TEST(VitCheckpointTest, ParametersAreTheFilesBits) {
  const auto file = read_safetensors(dinov2_file("dinov2_reg", "orig"));
  const VitWeights weights = load_dinov2(dinov2_file("dinov2_reg", "orig"), 0);
  EXPECT_EQ(weights.parameters.size() + 1, file.size());  // mask_token has no use
  for (const auto& [name, tensor] : weights.parameters) {
    EXPECT_TRUE(at::equal(tensor, file.at(name))) << name;
  }
}

TEST(VitCheckpointTest, ArchitectureIsReadOffTheShapes) {
  const VitConfig plain = load_dinov2(dinov2_file("dinov2_plain", "orig"), 0).facts.config;
  EXPECT_EQ(plain.width, 36);
  EXPECT_EQ(plain.depth, 3);
  EXPECT_EQ(plain.heads, 3);
  EXPECT_EQ(plain.patch, 14);
  EXPECT_EQ(plain.hidden, 144);
  EXPECT_EQ(plain.table_side, 6);
  EXPECT_EQ(plain.registers, 0);
  EXPECT_EQ(plain.position, PositionInterpolation::kOffset);
  const VitConfig registers = load_dinov2(dinov2_file("dinov2_reg", "hf"), 0).facts.config;
  EXPECT_EQ(registers.registers, 4);
  EXPECT_EQ(registers.position, PositionInterpolation::kSizeAntialias);
  const VitConfig swiglu = load_dinov2(dinov2_file("dinov2_swiglu", "hf"), 0).facts.config;
  EXPECT_EQ(swiglu.feed_forward, VitFeedForward::kSwigluFused);
  EXPECT_EQ(swiglu.hidden, 112);
  EXPECT_EQ(swiglu.heads, 5);
}

TEST(VitCheckpointTest, WrapperPrefixesAndChunksAreTakenOff) {
  const TempDir dir;
  const VitConfig config = small_vit();
  const VitParameters parameters = random_vit_parameters(config, 0);
  std::map<std::string, at::Tensor> wrapped = {{"teacher.dino_head.mlp.0.weight", at::ones({2})}};
  for (const auto& [name, tensor] : parameters) {
    std::string chunked = name;
    if (name.rfind("blocks.", 0) == 0) chunked = "blocks.1." + name.substr(7);
    wrapped["teacher.backbone." + chunked] = tensor;
  }
  write_dinov2(dir / "w.safetensors", config, wrapped);
  const VitWeights weights = load_dinov2(dir / "w.safetensors", 0);
  EXPECT_EQ(weights.facts.config.depth, 2);
  for (const auto& [name, tensor] : parameters) {
    EXPECT_TRUE(at::equal(weights.parameters.at(name), tensor)) << name;
  }
  wrapped["teacher.backbone.blocks.0.norm1.bias"] = at::zeros({36});
  write_dinov2(dir / "w.safetensors", config, wrapped);
  EXPECT_TRUE(contains(refusal(dir / "w.safetensors", ErrorKind::kIncompatible), "same tensor"));
}

TEST(VitCheckpointTest, HeadsComeFromOptionThenConfigThenMetadata) {
  const TempDir dir;
  const std::string path = dir / "w.safetensors";
  write_dinov2(path, small_vit(), random_vit_parameters(small_vit(), 0));
  EXPECT_EQ(load_dinov2(path, 0).facts.config.heads, 3);
  write_file_atomic(
      dir / "config.json",
      R"({"model_type": "dinov2", "num_attention_heads": 6, "layer_norm_eps": 1e-5})");
  EXPECT_EQ(load_dinov2(path, 0).facts.config.heads, 6);
  EXPECT_EQ(load_dinov2(path, 0).facts.config.norm_epsilon, 1e-5);
  EXPECT_EQ(load_dinov2(path, 9).facts.config.heads, 9);
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kUsage, 5), "5 heads do not divide"));
}

TEST(VitCheckpointTest, UnknownHeadsAskForTheOption) {
  const TempDir dir;
  write_safetensors(dir / "w.safetensors", random_vit_parameters(small_vit(), 0));
  EXPECT_TRUE(contains(refusal(dir / "w.safetensors", ErrorKind::kUsage), "'heads'"));
  EXPECT_EQ(load_dinov2(dir / "w.safetensors", 4).facts.config.heads, 4);
}

TEST(VitCheckpointTest, WidthsOf64AHeadNeedNothing) {
  const TempDir dir;
  VitConfig config = small_vit();
  config.width = 128;
  config.hidden = 64;
  write_safetensors(dir / "w.safetensors", random_vit_parameters(config, 0));
  EXPECT_EQ(load_dinov2(dir / "w.safetensors", 0).facts.config.heads, 2);
}

TEST(VitCheckpointTest, ConfigOfAnotherModelIsRefused) {
  const TempDir dir;
  const std::string path = dir / "w.safetensors";
  write_dinov2(path, small_vit(), random_vit_parameters(small_vit(), 0));
  const auto with = [&](const std::string& text) { write_file_atomic(dir / "config.json", text); };
  with(R"({"model_type": "vit"})");
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kIncompatible), "\"vit\""));
  with(R"({"hidden_act": "gelu_new"})");
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kIncompatible), "gelu_new"));
  with(R"({"num_attention_heads": -3})");
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kInput), "num_attention_heads -3"));
  with("not json");
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kInput), "JSON"));
}

TEST(VitCheckpointTest, MissingUnexpectedAndMisshapedAreListedTogether) {
  const TempDir dir;
  auto tensors = read_safetensors(dinov2_file("dinov2_plain", "hf"));
  tensors.erase("encoder.layer.1.attention.attention.key.bias");
  tensors.erase("encoder.layer.2.layer_scale2.lambda1");
  tensors["encoder.layer.0.norm1.weight"] = at::ones({35});
  tensors["encoder.layer.0.extra"] = at::ones({1});
  const std::string path = dir / "w.safetensors";
  write_safetensors(path, tensors, {{"num_heads", "3"}});
  const std::string message = refusal(path, ErrorKind::kIncompatible);
  EXPECT_TRUE(contains(message, "encoder.layer.1.attention.attention.key.bias [36]")) << message;
  EXPECT_TRUE(contains(message, "encoder.layer.2.layer_scale2.lambda1 [36]")) << message;
  EXPECT_TRUE(contains(message, "encoder.layer.0.norm1.weight is [35], expected [36]")) << message;
  EXPECT_TRUE(contains(message, "encoder.layer.0.extra")) << message;
}

TEST(VitCheckpointTest, OtherModelsAndOddTablesAreRefused) {
  const TempDir dir;
  const std::string path = dir / "w.safetensors";
  write_safetensors(path, {{"something.weight", at::ones({2})}});
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kIncompatible), "another model"));
  VitParameters parameters = random_vit_parameters(small_vit(), 0);
  parameters["pos_embed"] = at::zeros({1, 12, 36});
  write_dinov2(path, small_vit(), parameters);
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kIncompatible), "12 rows"));
  parameters["pos_embed"] = at::zeros({10, 36});
  write_dinov2(path, small_vit(), parameters);
  EXPECT_TRUE(contains(refusal(path, ErrorKind::kIncompatible), "dimensions"));
}

TEST(VitCheckpointTest, NotFiniteWeightsAreNamedInTheFilesOwnNames) {
  const TempDir dir;
  const std::string path = dir / "w.safetensors";
  auto tensors = read_safetensors(dinov2_file("dinov2_plain", "hf"));
  tensors["encoder.layer.1.attention.attention.key.weight"][3][4] =
      std::numeric_limits<float>::quiet_NaN();
  tensors["layernorm.bias"][0] = -std::numeric_limits<float>::infinity();
  write_safetensors(path, tensors, {{"num_heads", "3"}});
  const std::string message = refusal(path, ErrorKind::kInput);
  EXPECT_TRUE(contains(message, "encoder.layer.1.attention.attention.key.weight: 1 of 1296"))
      << message;
  EXPECT_TRUE(contains(message, "layernorm.bias: 1 of 36")) << message;
}

/// The same parameters under Hugging Face names, written down independently of the loader's map.
std::map<std::string, at::Tensor> as_hugging_face(const VitConfig& config,
                                                  const VitParameters& parameters) {
  std::map<std::string, at::Tensor> out = {
      {"embeddings.cls_token", parameters.at("cls_token")},
      {"embeddings.mask_token", at::zeros({1, config.width})},
      {"embeddings.position_embeddings", parameters.at("pos_embed")},
      {"embeddings.patch_embeddings.projection.weight", parameters.at("patch_embed.proj.weight")},
      {"embeddings.patch_embeddings.projection.bias", parameters.at("patch_embed.proj.bias")},
      {"layernorm.weight", parameters.at("norm.weight")},
      {"layernorm.bias", parameters.at("norm.bias")}};
  if (config.registers > 0) {
    out["embeddings.register_tokens"] = parameters.at("register_tokens");
  }
  for (int64_t i = 0; i < config.depth; ++i) {
    const std::string ours = "blocks." + std::to_string(i) + ".";
    const std::string theirs = "encoder.layer." + std::to_string(i) + ".";
    const bool is_swiglu = config.feed_forward == VitFeedForward::kSwigluFused;
    for (const std::string kind : {"weight", "bias"}) {
      const std::vector<at::Tensor> thirds = parameters.at(ours + "attn.qkv." + kind).chunk(3, 0);
      const char* const names[] = {"query", "key", "value"};
      for (std::size_t k = 0; k < 3; ++k) {
        out[theirs + "attention.attention." + names[k] + "." + kind] = thirds[k].contiguous();
      }
      const auto copy = [&](const std::string& from, const std::string& to) {
        out[theirs + to + "." + kind] = parameters.at(ours + from + "." + kind);
      };
      copy("attn.proj", "attention.output.dense");
      copy("norm1", "norm1");
      copy("norm2", "norm2");
      copy(is_swiglu ? "mlp.w12" : "mlp.fc1", is_swiglu ? "mlp.weights_in" : "mlp.fc1");
      copy(is_swiglu ? "mlp.w3" : "mlp.fc2", is_swiglu ? "mlp.weights_out" : "mlp.fc2");
    }
    out[theirs + "layer_scale1.lambda1"] = parameters.at(ours + "ls1.gamma");
    out[theirs + "layer_scale2.lambda1"] = parameters.at(ours + "ls2.gamma");
  }
  return out;
}

class PublishedSizeSlow : public ::testing::TestWithParam<std::string> {};

TEST_P(PublishedSizeSlow, IsReadOffItsTensorsUnderBothNamings) {
  // Two blocks of every size: the other blocks are alike, and g whole has 1.1 billion numbers.
  const TempDir dir;
  VitConfig config = vit_size(family(), GetParam());
  const int64_t published_depth = config.depth;
  config.depth = 2;
  const VitParameters parameters = random_vit_parameters(config, 4);
  write_safetensors(dir / "orig.safetensors", parameters);
  write_safetensors(dir / "hf.safetensors", as_hugging_face(config, parameters));
  for (const char* file : {"orig.safetensors", "hf.safetensors"}) {
    VitWeights weights = load_dinov2(dir / file, 0);
    EXPECT_EQ(weights.facts.config.canonical(), config.canonical()) << file;
    weights.facts.config.depth = published_depth;
    EXPECT_EQ(vit_size_name(family(), weights.facts.config), GetParam()) << file;
    for (const auto& [name, tensor] : parameters) {
      EXPECT_TRUE(at::equal(weights.parameters.at(name), tensor)) << file << " " << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes,
                         PublishedSizeSlow,
                         ::testing::ValuesIn(vit_size_names(family())),
                         [](const ::testing::TestParamInfo<std::string>& size) {
                           return size.param;
                         });

}  // namespace
}  // namespace physprobe

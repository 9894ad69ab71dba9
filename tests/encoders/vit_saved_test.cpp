// Every published size of every family, cut down, saved under every naming and read back.

#include "vit_saved.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/encoders/checkpoint.h"
#include "physprobe/encoders/vit_checkpoint.h"
#include "physprobe/encoders/vit_detection.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

using testing::renamed;
using testing::small_model;
using testing::TempDir;

struct Saved {
  std::string family;
  std::string size;
  const VitNaming* naming;
};

std::vector<Saved> all_saved() {
  std::vector<Saved> all;
  for (const VitFamily& family : vit_families()) {
    for (const VitSize& size : family.sizes) {
      for (const VitNaming* naming : family.namings)
        all.push_back({family.name, size.name, naming});
    }
  }
  return all;
}

class SavedModel : public ::testing::TestWithParam<Saved> {
 protected:
  void SetUp() override {
    const VitFamily& family = vit_family(GetParam().family);
    config_ = small_model(family, vit_size(family, GetParam().size));
    parameters_ = random_vit_parameters(
        config_, 7, family.initialisation);  // biases are zeros, as some leave the keys'
    tensors_ = renamed(*GetParam().naming, parameters_);
  }

  void expect_loaded(const std::string& prefix, const std::string& family) const {
    std::map<std::string, at::Tensor> wrapped;
    for (const auto& [name, tensor] : tensors_) wrapped[prefix + name] = tensor;
    write_safetensors(dir_ / "w.safetensors", wrapped, {{"num_heads", "3"}});
    const VitWeights loaded = load_vit(dir_ / "w.safetensors", {family, 0, ""});
    EXPECT_EQ(loaded.facts.config.canonical(), config_.canonical());
    ASSERT_EQ(loaded.parameters.size(), parameters_.size());
    for (const auto& [name, tensor] : parameters_) {
      EXPECT_TRUE(at::equal(loaded.parameters.at(name), tensor)) << name;
    }
  }

  TempDir dir_;
  VitConfig config_;
  VitParameters parameters_;
  std::map<std::string, at::Tensor> tensors_;
};

TEST_P(SavedModel, ReadsBackWithTheSameBits) {
  expect_loaded("", GetParam().family);
}

TEST_P(SavedModel, WrappersOfTrainingDoNotMatter) {
  expect_loaded("_orig_mod.module.backbone.", GetParam().family);
  expect_loaded("student_1.net.", GetParam().family);
}

TEST_P(SavedModel, FamilyIsFoundWithoutBeingNamed) {
  write_safetensors(dir_ / "w.safetensors", tensors_, {{"num_heads", "3"}});
  const VitFacts facts = read_vit_facts(Checkpoint::open(dir_ / "w.safetensors"), {});
  EXPECT_TRUE(is_plausible_family(vit_family(GetParam().family), facts.family)) << facts.line;
}

TEST_P(SavedModel, ATensorLostIsNamed) {
  const std::string lost = GetParam().naming->sources("blocks.1.norm2.bias").front();
  tensors_.erase(lost);
  write_safetensors(dir_ / "w.safetensors", tensors_, {{"num_heads", "3"}});
  try {
    load_vit(dir_ / "w.safetensors", {GetParam().family, 0, ""});
    FAIL() << "accepted without " << lost;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
    EXPECT_NE(error.message().find(lost), std::string::npos) << error.message();
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         SavedModel,
                         ::testing::ValuesIn(all_saved()),
                         [](const ::testing::TestParamInfo<Saved>& saved) {
                           return saved.param.family + "_" + saved.param.size + "_" +
                                  saved.param.naming->name;
                         });

TEST(VitFilesTest, TimmsRegistersCarryNoPositionAndNeitherDoesItsClassToken) {
  const TempDir dir;
  VitConfig config =
      small_model(vit_family("dinov2"), vit_size(vit_family("dinov2"), "vits14_reg"));
  config.is_class_positioned = false;
  const VitParameters parameters = random_vit_parameters(config, 1);
  write_safetensors(dir / "w.safetensors", renamed(timm_dinov2_naming(), parameters),
                    {{"num_heads", "3"}});
  const VitWeights loaded = load_vit(dir / "w.safetensors", {});
  EXPECT_EQ(loaded.facts.naming->name, "timm");
  EXPECT_EQ(loaded.facts.config.canonical(), config.canonical());
}

TEST(VitFilesTest, ANormOfTheMeanIsUnderstood) {
  const TempDir dir;
  VitConfig config = small_model(vit_family("vit"), vit_family("vit").sizes.front().config);
  auto tensors = renamed(original_naming(), random_vit_parameters(config, 1));
  for (const std::string kind : {"weight", "bias"}) {
    tensors["fc_norm." + kind] = tensors.at("norm." + kind);
    tensors.erase("norm." + kind);
  }
  tensors["head.weight"] = at::ones({10, config.width});
  write_safetensors(dir / "w.safetensors", tensors, {{"num_heads", "3"}});
  EXPECT_EQ(load_vit(dir / "w.safetensors", {}).facts.config.pooling, VitPooling::kMeanThenNorm);
}

TEST(VitFilesTest, NormsOfQueriesAndKeysAreReadAndWithoutBiasesRefused) {
  const TempDir dir;
  VitConfig config = small_model(vit_family("vit"), vit_family("vit").sizes.front().config);
  config.has_query_key_norm = true;
  const VitParameters parameters = random_vit_parameters(config, 1);
  auto tensors = renamed(original_naming(), parameters);
  write_safetensors(dir / "w.safetensors", tensors, {{"num_heads", "3"}});
  const VitWeights loaded = load_vit(dir / "w.safetensors", {});
  EXPECT_EQ(loaded.facts.config.canonical(), config.canonical());
  EXPECT_EQ(loaded.parameters.count("blocks.1.attn.k_norm.bias"), 1U);
  // A norm without a mean (RMS) has weights alone; it is another model.
  for (const std::string name : {"blocks.0.attn.q_norm.bias", "blocks.0.attn.k_norm.bias"}) {
    tensors.erase(name);
  }
  write_safetensors(dir / "w.safetensors", tensors, {{"num_heads", "3"}});
  try {
    load_vit(dir / "w.safetensors", {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("blocks.0.attn.q_norm.bias"), std::string::npos)
        << error.message();
  }
}

TEST(VitFilesTest, ARotaryBaseOtherThanOursIsRefused) {
  const TempDir dir;
  testing::write_small_model(vit_family("dinov3"), hugging_face_dinov3_naming(),
                             dir / "w.safetensors");
  write_file_atomic(dir / "config.json", R"({"model_type": "dinov3_vit", "rope_theta": 100.0})");
  EXPECT_NO_THROW(load_vit(dir / "w.safetensors", {}));
  write_file_atomic(dir / "config.json", R"({"model_type": "dinov3_vit", "rope_theta": 50.0})");
  EXPECT_THROW(load_vit(dir / "w.safetensors", {}), Error);
}

TEST(VitFilesTest, XClipIsReadAsClipsTowerAndWithMessageTokensRefused) {
  const TempDir dir;
  const VitConfig config = small_model(vit_family("clip"), vit_family("clip").sizes.front().config);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] :
       renamed(hugging_face_clip_naming(), random_vit_parameters(config, 1))) {
    tensors[(name == "visual_projection.weight" ? "" : "vision_model.") + name] = tensor;
  }
  write_safetensors(dir / "w.safetensors", tensors, {{"num_heads", "3"}});
  write_file_atomic(dir / "config.json",
                    R"({"model_type": "xclip", "vision_config": {"hidden_act": "quick_gelu"}})");
  EXPECT_EQ(load_vit(dir / "w.safetensors", {}).facts.family, "clip");
  for (const std::string layer : {"0", "1"}) {
    for (const std::string part : {"fc", "ln"}) {
      tensors["vision_model.encoder.layers." + layer + ".message_" + part + ".weight"] =
          at::ones({config.width});
    }
  }
  write_safetensors(dir / "w.safetensors", tensors, {{"num_heads", "3"}});
  try {
    load_vit(dir / "w.safetensors", {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
    EXPECT_NE(error.message().find("X-CLIP with message tokens ('vision_model.encoder.layers.0."
                                   "message_fc.weight' and 3 more)"),
              std::string::npos)
        << error.message();
    EXPECT_NE(error.message().find("serve the model by exec:"), std::string::npos)
        << error.message();
  }
}

/// A file with several models, each of which can be meant.
class SeveralModels : public ::testing::Test {
 protected:
  void write(const std::vector<std::string>& holders, const std::string& family) {
    const VitConfig config =
        small_model(vit_family(family), vit_family(family).sizes.front().config);
    std::map<std::string, at::Tensor> all;
    uint64_t seed = 0;
    for (const std::string& holder : holders) {
      for (const auto& [name, tensor] : random_vit_parameters(config, ++seed)) {
        all[holder + name] = tensor;
      }
    }
    write_safetensors(path_, all, {{"num_heads", "3"}});
    for (uint64_t i = 1; i <= seed; ++i) {
      weights_.push_back(random_vit_parameters(config, i).at("patch_embed.proj.weight"));
    }
  }

  /// Which of the models written is loaded.
  std::size_t loaded(const VitRequest& request) {
    const at::Tensor found = load_vit(path_, request).parameters.at("patch_embed.proj.weight");
    std::size_t index = 0;
    while (index < weights_.size() && !at::equal(weights_[index], found)) ++index;
    return index;
  }

  TempDir dir_;
  std::string path_ = dir_ / "w.safetensors";
  std::vector<at::Tensor> weights_;
};

TEST_F(SeveralModels, IjepaTakesTheEncoderUnlessToldOtherwise) {
  write({"target_encoder.module.", "encoder.module.", "predictor.module."}, "ijepa");
  EXPECT_EQ(loaded({"ijepa", 0, ""}), 1U);
  EXPECT_EQ(loaded({"", 0, ""}), 1U);
  EXPECT_EQ(loaded({"ijepa", 0, "target_encoder"}), 0U);
}

TEST_F(SeveralModels, MsnTakesTheTargetEncoderUnlessToldOtherwise) {
  write({"target_encoder.module.", "encoder.module."}, "msn");
  EXPECT_EQ(loaded({"msn", 0, ""}), 0U);
  EXPECT_EQ(loaded({"msn", 0, "encoder"}), 1U);
}

TEST_F(SeveralModels, UndecidedOnesAreListed) {
  write({"left.", "right."}, "vit");
  try {
    load_vit(path_, {"vit", 0, ""});
    FAIL() << "one was guessed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIncompatible);
    EXPECT_NE(error.message().find("'left.', 'right.'"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("checkpoint_key"), std::string::npos) << error.message();
  }
  EXPECT_EQ(loaded({"vit", 0, "right"}), 1U);
}

}  // namespace
}  // namespace physprobe

// The fast forward pass against the formulas written down naively in double, for what the
// reference's models do not cover: no class token, no layer scale, several blocks of queries.

#include "physprobe/encoders/vit_model.h"

#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"

#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "dinov2_golden.h"

namespace physprobe {
namespace {

using testing::small_vit;
using testing::tensor_near;

/// Weights large enough that every part of a block shows in its output.
VitParameters strong_parameters(const VitConfig& config) {
  VitParameters parameters = random_vit_parameters(config, 1);
  uint64_t seed = 100;
  for (auto& [name, tensor] : parameters) {
    Rng rng(++seed);
    float* values = tensor.data_ptr<float>();
    const double scale = tensor.dim() >= 2 ? 4.0 : 1.0;
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      const double jitter = tensor.dim() == 1 ? 0.3 * rng.normal() : 0.0;
      values[i] = static_cast<float>(scale * static_cast<double>(values[i]) + jitter);
    }
  }
  return parameters;
}

at::Tensor random_image(int64_t channels, int64_t height, int64_t width) {
  at::Tensor image = at::empty({channels, height, width}, at::kFloat);
  Rng rng(9);
  for (int64_t i = 0; i < image.numel(); ++i) {
    image.data_ptr<float>()[i] = static_cast<float>(rng.normal());
  }
  return image;
}

class Naive {
 public:
  Naive(const VitConfig& config, const VitParameters& parameters) : config_(config) {
    for (const auto& [name, tensor] : parameters) parameters_[name] = tensor.to(at::kDouble);
  }

  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    const at::Tensor weight = parameters_.at(name + ".weight");
    const at::Tensor product = at::matmul(x, weight.reshape({weight.size(0), -1}).t());
    const auto bias = parameters_.find(name + ".bias");
    return bias == parameters_.end() ? product : product + bias->second;
  }

  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    return at::layer_norm(x, {config_.width}, parameters_.at(name + ".weight"),
                          parameters_.at(name + ".bias"), config_.norm_epsilon);
  }

  at::Tensor embed(const at::Tensor& image, const at::Tensor& positions) const {
    const int64_t p = config_.patch;
    const at::Tensor patches = image.to(at::kDouble)
                                   .unfold(1, p, p)
                                   .unfold(2, p, p)
                                   .permute({1, 2, 0, 3, 4})
                                   .reshape({-1, config_.channels * p * p});
    at::Tensor tokens = linear(patches, "patch_embed.proj");
    if (config_.has_class_token) tokens = at::cat({parameters_.at("cls_token")[0], tokens}, 0);
    if (positions.defined()) {
      const int64_t unplaced = tokens.size(0) - positions.size(0);  // a class token without a row
      tokens = at::cat(
          {tokens.slice(0, 0, unplaced), tokens.slice(0, unplaced) + positions.to(at::kDouble)}, 0);
    }
    if (config_.registers > 0) {
      const int64_t first = config_.has_class_token ? 1 : 0;
      tokens = at::cat(
          {tokens.slice(0, 0, first), parameters_.at("register_tokens")[0], tokens.slice(0, first)},
          0);
    }
    return config_.has_entry_norm ? norm(tokens, "norm_pre") : tokens;
  }

  /// Queries or keys (heads, tokens, d) of the patches turned pairwise by the angles of `rotation`.
  at::Tensor rotated(const at::Tensor& x, const VitRotation& rotation) const {
    if (!rotation.sine.defined()) return x;
    const int64_t prefix = config_.prefix_tokens();
    const at::Tensor patches = x.slice(1, prefix);
    const std::vector<at::Tensor> halves = patches.chunk(2, 2);
    const at::Tensor turned = at::cat({-halves[1], halves[0]}, 2);
    return at::cat({x.slice(1, 0, prefix), patches * rotation.cosine + turned * rotation.sine}, 1);
  }

  at::Tensor block(const at::Tensor& x, int64_t index, const VitRotation& rotation) const {
    const std::string name = "blocks." + std::to_string(index) + ".";
    const at::Tensor qkv = linear(norm(x, name + "norm1"), name + "attn.qkv")
                               .reshape({x.size(0), 3, config_.heads, config_.head_width()})
                               .permute({1, 2, 0, 3});
    const double scale = std::sqrt(static_cast<double>(config_.head_width()));
    const at::Tensor keys = rotated(qkv[1], rotation);
    const at::Tensor weights =
        at::softmax(at::matmul(rotated(qkv[0], rotation), keys.transpose(1, 2)) / scale, -1);
    const at::Tensor heads = at::matmul(weights, qkv[2]).permute({1, 0, 2}).reshape(x.sizes());
    const at::Tensor y = x + scaled(linear(heads, name + "attn.proj"), name + "ls1.gamma");
    return y + scaled(feed_forward(norm(y, name + "norm2"), name), name + "ls2.gamma");
  }

 private:
  at::Tensor scaled(const at::Tensor& x, const std::string& name) const {
    return config_.has_layer_scale ? x * parameters_.at(name) : x;
  }

  at::Tensor feed_forward(const at::Tensor& x, const std::string& name) const {
    if (!config_.is_gated()) {
      const at::Tensor v = linear(x, name + "mlp.fc1");
      const at::Tensor curved =
          config_.feed_forward == VitFeedForward::kQuickGelu ? v * at::sigmoid(1.702 * v)
          : config_.feed_forward == VitFeedForward::kGeluTanh
              ? 0.5 * v * (1.0 + at::tanh(std::sqrt(2.0 / M_PI) * (v + 0.044715 * v * v * v)))
              : at::gelu(v);
      return linear(curved, name + "mlp.fc2");
    }
    const std::vector<at::Tensor> halves = linear(x, name + "mlp.w12").chunk(2, 1);
    return linear(at::silu(halves[0]) * halves[1], name + "mlp.w3");
  }

  VitConfig config_;
  VitParameters parameters_;
};

/// Every block's tokens of the model against the naive pass.
void expect_equal_to_naive(const VitConfig& config, int64_t height, int64_t width) {
  const VitParameters parameters = strong_parameters(config);
  const VitModel model(config, parameters);
  const Naive naive(config, parameters);
  const at::Tensor image = random_image(config.channels, height, width);
  const VitPlaces places = model.places(height / config.patch, width / config.patch);
  at::Tensor expected = naive.embed(image, places.table);
  const int64_t rows = expected.size(0);
  parallel_for(1, 1, [&](int64_t) {
    model.run({image.data_ptr<float>(), height, width, 1, {}}, places, config.depth - 1,
              [&](int64_t index, const float* tokens) {
                const at::Tensor actual = at::empty({rows, config.width}, at::kFloat);
                std::copy_n(tokens, actual.numel(), actual.data_ptr<float>());
                if (index >= 0) expected = naive.block(expected, index, places.rotation);
                // float32 rounding of values up to about 10 through two blocks.
                EXPECT_TRUE(tensor_near(actual, expected, 2e-5)) << "block " << index;
              });
  });
}

TEST(VitModelTest, EqualsTheFormulasWithRegistersAndLayerScale) {
  VitConfig config = small_vit();
  config.registers = 3;
  expect_equal_to_naive(config, 42, 56);
}

TEST(VitModelTest, EqualsTheFormulasWithoutClassTokenAndLayerScale) {
  VitConfig config = small_vit();
  config.has_class_token = false;
  config.has_layer_scale = false;
  config.patch = 4;
  config.channels = 1;
  expect_equal_to_naive(config, 12, 20);
}

TEST(VitModelTest, EqualsTheFormulasWithSwiglu) {
  VitConfig config = small_vit();
  config.feed_forward = VitFeedForward::kSwigluFused;
  config.hidden = swiglu_hidden(config.width);
  expect_equal_to_naive(config, 42, 42);
}

TEST(VitModelTest, EqualsTheFormulasWithClipsParts) {
  VitConfig config = small_vit();
  config.feed_forward = VitFeedForward::kQuickGelu;
  config.has_entry_norm = true;
  config.has_patch_bias = false;
  config.has_layer_scale = false;
  config.norm_epsilon = 1e-5;
  expect_equal_to_naive(config, 42, 42);
}

TEST(VitModelTest, EqualsTheFormulasWithTanhGeluAndAClassTokenWithoutPosition) {
  VitConfig config = small_vit();
  config.feed_forward = VitFeedForward::kGeluTanh;
  config.is_class_positioned = false;
  config.has_qkv_bias = false;
  expect_equal_to_naive(config, 42, 42);
}

TEST(VitModelTest, EqualsTheFormulasWithRotaryPositions) {
  VitConfig config = small_vit();
  config.positions = VitPositions::kRotary;
  config.registers = 4;
  expect_equal_to_naive(config, 28, 70);
}

/// SigLIP's head written down with LibTorch's own attention pieces.
at::Tensor naive_attention_pool(const VitConfig& config,
                                VitParameters p,
                                const at::Tensor& normed) {
  for (auto& [name, tensor] : p) tensor = tensor.to(at::kDouble);
  const auto linear = [&](const at::Tensor& x, const std::string& name) {
    return at::linear(x, p.at(name + ".weight"), p.at(name + ".bias"));
  };
  const auto part = [&](const at::Tensor& x, int64_t index) {
    const at::Tensor weight = p.at("head.attention.in_proj.weight").chunk(3, 0)[index];
    const at::Tensor bias = p.at("head.attention.in_proj.bias").chunk(3, 0)[index];
    return at::linear(x, weight, bias)
        .reshape({x.size(0), config.heads, config.head_width()})
        .transpose(0, 1);
  };
  const at::Tensor x = normed.to(at::kDouble);
  const at::Tensor query = part(p.at("head.probe")[0], 0);
  const double scale = std::sqrt(static_cast<double>(config.head_width()));
  const at::Tensor weights = at::softmax(at::matmul(query, part(x, 1).transpose(1, 2)) / scale, -1);
  const at::Tensor heads = at::matmul(weights, part(x, 2)).transpose(0, 1).reshape({1, -1});
  const at::Tensor y = linear(heads, "head.attention.out_proj");
  const at::Tensor z = at::layer_norm(y, {config.width}, p.at("head.norm.weight"),
                                      p.at("head.norm.bias"), config.norm_epsilon);
  const at::Tensor v = linear(z, "head.mlp.fc1");
  const at::Tensor curved =
      0.5 * v * (1.0 + at::tanh(std::sqrt(2.0 / M_PI) * (v + 0.044715 * v * v * v)));
  return (y + linear(curved, "head.mlp.fc2"))[0];
}

TEST(VitModelTest, AttentionHeadEqualsItsFormula) {
  VitConfig config = small_vit();
  config.has_class_token = false;
  config.feed_forward = VitFeedForward::kGeluTanh;
  config.pooling = VitPooling::kAttentionHead;
  const VitParameters parameters = strong_parameters(config);
  const VitModel model(config, parameters);
  const at::Tensor normed = random_image(1, 9, 36)[0].contiguous();
  const at::Tensor pooled = at::empty({36}, at::kFloat);
  model.pool(nullptr, normed.data_ptr<float>(), 9, pooled.data_ptr<float>());
  // float32 rounding of values up to about 10.
  EXPECT_TRUE(tensor_near(pooled, naive_attention_pool(config, parameters, normed), 2e-5));
}

TEST(VitModelTest, MeanIsNormedAfterwardsWhereTheModelSaysSo) {
  VitConfig config = small_vit();
  config.pooling = VitPooling::kMeanThenNorm;
  const VitParameters parameters = strong_parameters(config);
  const VitModel model(config, parameters);
  const at::Tensor tokens = random_image(1, 10, 36)[0].contiguous();
  const at::Tensor pooled = at::empty({36}, at::kFloat);
  model.pool(tokens.data_ptr<float>(), nullptr, 9, pooled.data_ptr<float>());
  const at::Tensor expected =
      at::layer_norm(tokens.slice(0, 1).mean(0), {36}, parameters.at("norm.weight"),
                     parameters.at("norm.bias"), config.norm_epsilon);
  EXPECT_TRUE(tensor_near(pooled, expected, 2e-6));  // one rounding of values up to 3
}

TEST(VitModelTest, LongSequencesGoThroughSeveralBlocksOfQueries) {
  VitConfig config = small_vit();
  config.patch = 1;
  config.width = 12;
  config.heads = 2;
  config.hidden = 48;
  VitWorkspace workspace;
  workspace.reserve(config, 1 + 30 * 30, 30 * 30);
  ASSERT_LT(workspace.query_rows, 450) << "the image is too small to need several blocks";
  expect_equal_to_naive(config, 30, 30);
}

TEST(VitModelTest, StopsAfterTheLastBlockAsked) {
  const VitConfig config = small_vit();
  const VitModel model(config, random_vit_parameters(config, 0));
  const at::Tensor image = random_image(3, 42, 42);
  std::vector<int64_t> seen;
  parallel_for(1, 1, [&](int64_t) {
    model.run({image.data_ptr<float>(), 42, 42, 1, {}}, model.places(3, 3), 0,
              [&](int64_t index, const float*) { seen.push_back(index); });
  });
  EXPECT_EQ(seen, (std::vector<int64_t>{-1, 0}));
}

}  // namespace
}  // namespace physprobe

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
    return at::matmul(x, weight.reshape({weight.size(0), -1}).t()) + parameters_.at(name + ".bias");
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
    tokens = tokens + positions.to(at::kDouble);
    if (config_.registers == 0) return tokens;
    const int64_t first = config_.has_class_token ? 1 : 0;
    return at::cat(
        {tokens.slice(0, 0, first), parameters_.at("register_tokens")[0], tokens.slice(0, first)},
        0);
  }

  at::Tensor block(const at::Tensor& x, int64_t index) const {
    const std::string name = "blocks." + std::to_string(index) + ".";
    const at::Tensor qkv = linear(norm(x, name + "norm1"), name + "attn.qkv")
                               .reshape({x.size(0), 3, config_.heads, config_.head_width()})
                               .permute({1, 2, 0, 3});
    const double scale = std::sqrt(static_cast<double>(config_.head_width()));
    const at::Tensor weights = at::softmax(at::matmul(qkv[0], qkv[1].transpose(1, 2)) / scale, -1);
    const at::Tensor heads = at::matmul(weights, qkv[2]).permute({1, 0, 2}).reshape(x.sizes());
    const at::Tensor y = x + scaled(linear(heads, name + "attn.proj"), name + "ls1.gamma");
    return y + scaled(feed_forward(norm(y, name + "norm2"), name), name + "ls2.gamma");
  }

 private:
  at::Tensor scaled(const at::Tensor& x, const std::string& name) const {
    return config_.has_layer_scale ? x * parameters_.at(name) : x;
  }

  at::Tensor feed_forward(const at::Tensor& x, const std::string& name) const {
    if (config_.feed_forward == VitFeedForward::kGelu) {
      return linear(at::gelu(linear(x, name + "mlp.fc1")), name + "mlp.fc2");
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
  const at::Tensor positions = model.positions(height / config.patch, width / config.patch);
  at::Tensor expected = naive.embed(image, positions);
  const int64_t rows = expected.size(0);
  parallel_for(1, 1, [&](int64_t) {
    model.run(image.data_ptr<float>(), height, width, positions, config.depth - 1,
              [&](int64_t index, const float* tokens) {
                const at::Tensor actual = at::empty({rows, config.width}, at::kFloat);
                std::copy_n(tokens, actual.numel(), actual.data_ptr<float>());
                if (index >= 0) expected = naive.block(expected, index);
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
    model.run(image.data_ptr<float>(), 42, 42, model.positions(3, 3), 0,
              [&](int64_t index, const float*) { seen.push_back(index); });
  });
  EXPECT_EQ(seen, (std::vector<int64_t>{-1, 0}));
}

}  // namespace
}  // namespace physprobe

#include "physprobe/encoders/vit_readout.h"

#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_kernels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace physprobe {
namespace {

std::vector<float> buffer(int64_t count) {
  return std::vector<float>(static_cast<std::size_t>(count));
}

}  // namespace

void mean_of_rows(const float* x, int64_t rows, int64_t width, float* mean) {
  std::vector<double> sums(static_cast<std::size_t>(width), 0.0);
  for (int64_t row = 0; row < rows; ++row, x += width) {
    for (int64_t i = 0; i < width; ++i) {
      sums[static_cast<std::size_t>(i)] += static_cast<double>(x[i]);
    }
  }
  for (int64_t i = 0; i < width; ++i) {
    mean[i] = static_cast<float>(sums[static_cast<std::size_t>(i)] / static_cast<double>(rows));
  }
}

VitReadout::VitReadout(const VitConfig& config, VitParameters& parameters) {
  const int64_t d = config.width;
  if (config.projection > 0) projection_ = take_linear(parameters, "projection");
  if (config.pooling != VitPooling::kAttentionHead) return;
  const at::Tensor weight = take_parameter(parameters, "head.attention.in_proj.weight");
  const at::Tensor bias = take_parameter(parameters, "head.attention.in_proj.bias");
  const at::Tensor probe = take_parameter(parameters, "head.probe").reshape({1, d}).contiguous();
  const VitLinear query(weight.narrow(0, 0, d), bias.narrow(0, 0, d));
  query_ = at::empty({d}, at::kFloat);
  query.apply(probe.data_ptr<float>(), 1, query_.data_ptr<float>());
  vit_kernels().add_bias_rows(query_.data_ptr<float>(), query.bias(), 1, d);
  keys_values_ = VitLinear(weight.narrow(0, d, 2 * d), bias.narrow(0, d, 2 * d));
  attention_out_ = take_linear(parameters, "head.attention.out_proj");
  norm_ = VitNorm(parameters, "head.norm", config.norm_epsilon);
  first_ = take_linear(parameters, "head.mlp.fc1");
  second_ = take_linear(parameters, "head.mlp.fc2");
}

void VitReadout::pool(const VitConfig& config,
                      const float* normed,
                      int64_t patches,
                      float* out) const {
  if (config.pooling == VitPooling::kClassToken) return project(config, normed, out);
  std::vector<float> vector = buffer(config.width);
  if (config.pooling == VitPooling::kAttentionHead) {
    attend(config, normed, config.prefix_tokens() + patches, vector.data());
  } else {
    mean_of_rows(normed + config.prefix_tokens() * config.width, patches, config.width,
                 vector.data());
  }
  project(config, vector.data(), out);
}

void VitReadout::project(const VitConfig& config, const float* vector, float* out) const {
  if (projection_) {
    projection_->apply(vector, 1, out);
  } else {
    std::copy_n(vector, config.width, out);
  }
}

void VitReadout::attend(const VitConfig& config,
                        const float* normed,
                        int64_t tokens,
                        float* out) const {
  const int64_t d = config.width;
  const int64_t head_width = config.head_width();
  const int64_t padded = (tokens + 15) / 16 * 16;  // softmax_rows wants room for whole vectors
  std::vector<float> keys_values = buffer(tokens * 2 * d);
  std::vector<float> scores = buffer(padded);
  std::vector<float> attended = buffer(d);
  keys_values_->apply(normed, tokens, keys_values.data());
  vit_kernels().add_bias_rows(keys_values.data(), keys_values_->bias(), tokens, 2 * d);
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_width)));
  for (int64_t head = 0; head < config.heads; ++head) {
    const int64_t first = head * head_width;
    multiply_transposed({query_.data_ptr<float>() + first, 1, head_width, d},
                        {keys_values.data() + first, tokens, head_width, 2 * d}, scale,
                        scores.data(), padded);
    vit_kernels().softmax_rows(scores.data(), 1, tokens, padded);
    multiply({scores.data(), 1, tokens, padded},
             {keys_values.data() + d + first, tokens, head_width, 2 * d}, 1.0F,
             attended.data() + first, d);
  }
  attention_out_->apply(attended.data(), 1, out);
  vit_kernels().add_bias_rows(out, attention_out_->bias(), 1, d);
  std::vector<float> normed_out = buffer(d);
  std::vector<float> hidden = buffer(config.hidden);
  norm_.apply(out, 1, normed_out.data());
  first_->apply(normed_out.data(), 1, hidden.data());
  apply_activation(config.feed_forward, hidden.data(), first_->bias(), 1, config.hidden);
  second_->apply(hidden.data(), 1, normed_out.data());
  vit_kernels().add_residual_rows(out, normed_out.data(), second_->bias(), nullptr, 1, d);
}

}  // namespace physprobe

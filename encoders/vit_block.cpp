#include "physprobe/encoders/vit_block.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_kernels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

const float* data_or_null(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<float>() : nullptr;
}

std::string block_name(int64_t index) {
  return "blocks." + std::to_string(index) + ".";
}

}  // namespace

VitLinear take_linear(VitParameters& parameters, const std::string& name, VitPrecision precision) {
  const at::Tensor weight = take_parameter(parameters, name + ".weight");
  return {weight,
          parameters.count(name + ".bias") != 0 ? take_parameter(parameters, name + ".bias")
                                                : at::zeros({weight.size(0)}, at::kFloat),
          precision};
}

void apply_activation(
    VitFeedForward kind, float* x, const float* bias, int64_t rows, int64_t width) {
  switch (kind) {
    case VitFeedForward::kGelu:
      return vit_kernels().bias_gelu_rows(x, bias, rows, width);
    case VitFeedForward::kGeluTanh:
      return vit_kernels().bias_gelu_tanh_rows(x, bias, rows, width);
    case VitFeedForward::kQuickGelu:
      return vit_kernels().bias_quick_gelu_rows(x, bias, rows, width);
    case VitFeedForward::kSwigluFused:
      break;
  }
  throw Error(ErrorKind::kInternal, "feed-forward", "a gated one has no single activation");
}

VitNorm::VitNorm(VitParameters& parameters, const std::string& prefix, double epsilon)
    : weight_(take_parameter(parameters, prefix + ".weight").contiguous()),
      bias_(take_parameter(parameters, prefix + ".bias").contiguous()),
      epsilon_(epsilon) {}

void VitNorm::apply(const float* x, int64_t rows, float* out) const {
  vit_kernels().layer_norm_rows(x, weight_.data_ptr<float>(), bias_.data_ptr<float>(), epsilon_,
                                rows, weight_.numel(), out);
}

VitBlock::VitBlock(const VitConfig& config, VitParameters& parameters, int64_t index)
    : attention_norm_(parameters, block_name(index) + "norm1", config.norm_epsilon),
      qkv_(take_linear(parameters, block_name(index) + "attn.qkv", config.precision)),
      projection_(take_linear(parameters, block_name(index) + "attn.proj", config.precision)),
      feed_forward_norm_(parameters, block_name(index) + "norm2", config.norm_epsilon),
      first_(take_linear(parameters,
                         block_name(index) + (config.is_gated() ? "mlp.w12" : "mlp.fc1"),
                         config.precision)),
      second_(take_linear(parameters,
                          block_name(index) + (config.is_gated() ? "mlp.w3" : "mlp.fc2"),
                          config.precision)) {
  if (config.has_query_key_norm) {
    query_norm_ = VitNorm(parameters, block_name(index) + "attn.q_norm", config.norm_epsilon);
    key_norm_ = VitNorm(parameters, block_name(index) + "attn.k_norm", config.norm_epsilon);
  }
  if (config.has_layer_scale) {
    attention_scale_ = take_parameter(parameters, block_name(index) + "ls1.gamma").contiguous();
    feed_forward_scale_ = take_parameter(parameters, block_name(index) + "ls2.gamma").contiguous();
  }
}

void VitBlock::apply(const VitConfig& config,
                     const VitRotation& rotation,
                     int64_t token_count,
                     VitWorkspace& workspace) const {
  attend(config, rotation, token_count, workspace);
  feed_forward(config, token_count, workspace);
}

void VitBlock::attend(const VitConfig& config,
                      const VitRotation& rotation,
                      int64_t token_count,
                      VitWorkspace& workspace) const {
  const int64_t triple = 3 * config.width;
  attention_norm_.apply(workspace.tokens, token_count, workspace.normed);
  qkv_.apply(workspace.normed, token_count, workspace.wide);
  vit_kernels().add_bias_rows(workspace.wide, qkv_.bias(), token_count, triple);
  if (config.has_query_key_norm) norm_queries_and_keys(config, token_count, workspace.wide);
  if (rotation.sine.defined()) {
    const int64_t prefix = config.prefix_tokens();
    rotate_queries_and_keys(config, rotation, token_count - prefix,
                            workspace.wide + prefix * triple);
  }
  std::fill(workspace.wide + token_count * triple,
            workspace.wide + workspace.padded_tokens * triple, 0.0F);
  vit_attention(config, workspace.wide, token_count, workspace, workspace.normed);
  projection_.apply(workspace.normed, token_count, workspace.update);
  vit_kernels().add_residual_rows(workspace.tokens, workspace.update, projection_.bias(),
                                  data_or_null(attention_scale_), token_count, config.width);
}

void VitBlock::norm_queries_and_keys(const VitConfig& config,
                                     int64_t token_count,
                                     float* qkv) const {
  // A token's heads lie side by side: each is a row of the norm.
  for (int64_t token = 0; token < token_count; ++token, qkv += 3 * config.width) {
    query_norm_.apply(qkv, config.heads, qkv);
    key_norm_.apply(qkv + config.width, config.heads, qkv + config.width);
  }
}

void VitBlock::feed_forward(const VitConfig& config,
                            int64_t token_count,
                            VitWorkspace& workspace) const {
  feed_forward_norm_.apply(workspace.tokens, token_count, workspace.normed);
  first_.apply(workspace.normed, token_count, workspace.wide);
  const float* hidden = workspace.wide;
  if (config.is_gated()) {
    vit_kernels().bias_swiglu_rows(workspace.wide, first_.bias(), token_count, config.hidden,
                                   workspace.gated);
    hidden = workspace.gated;
  } else {
    apply_activation(config.feed_forward, workspace.wide, first_.bias(), token_count,
                     config.hidden);
  }
  second_.apply(hidden, token_count, workspace.update);
  vit_kernels().add_residual_rows(workspace.tokens, workspace.update, second_.bias(),
                                  data_or_null(feed_forward_scale_), token_count, config.width);
}

void vit_attention(const VitConfig& config,
                   const float* qkv,
                   int64_t token_count,
                   const VitWorkspace& workspace,
                   float* out) {
  const int64_t width = config.width;
  const int64_t head_width = config.head_width();
  const int64_t triple = 3 * width;
  const int64_t padded = workspace.padded_tokens;
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_width)));
  for (int64_t head = 0; head < config.heads; ++head) {
    const float* queries = qkv + head * head_width;
    const MatrixView keys = {queries + width, padded, head_width, triple};
    const MatrixView values = {queries + 2 * width, token_count, head_width, triple};
    for (int64_t first = 0; first < token_count; first += workspace.query_rows) {
      const int64_t rows = std::min(workspace.query_rows, token_count - first);
      multiply_transposed({queries + first * triple, rows, head_width, triple}, keys, scale,
                          workspace.scores, padded);
      vit_kernels().softmax_rows(workspace.scores, rows, token_count, padded);
      multiply({workspace.scores, rows, token_count, padded}, values, 1.0F,
               out + first * width + head * head_width, width);
    }
  }
}

}  // namespace physprobe

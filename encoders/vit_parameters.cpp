#include "physprobe/encoders/vit_parameters.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace physprobe {
namespace {

constexpr double kDeviation = 0.02;
constexpr double kLargestDeviations = 2.0;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_norm(const std::string& name) {
  return name.find("norm") != std::string::npos;
}

void add_norm(std::vector<VitParameter>& all, const std::string& name, int64_t width) {
  all.push_back({name + ".weight", {width}});
  all.push_back({name + ".bias", {width}});
}

void add_linear(std::vector<VitParameter>& all,
                const std::string& name,
                int64_t outputs,
                int64_t inputs) {
  all.push_back({name + ".weight", {outputs, inputs}});
  all.push_back({name + ".bias", {outputs}});
}

void add_attention_head(std::vector<VitParameter>& all, const VitConfig& config) {
  const int64_t d = config.width;
  all.push_back({"head.probe", {1, 1, d}});
  add_linear(all, "head.attention.in_proj", 3 * d, d);
  add_linear(all, "head.attention.out_proj", d, d);
  add_norm(all, "head.norm", d);
  add_linear(all, "head.mlp.fc1", config.hidden, d);
  add_linear(all, "head.mlp.fc2", d, config.hidden);
}

at::Tensor draw(const VitParameter& parameter, uint64_t seed) {
  if (parameter.name == kRotaryPeriods) {
    return rotary_periods(4 * parameter.shape[0], kRotaryBase);
  }
  if (ends_with(parameter.name, ".gamma") ||
      (is_norm(parameter.name) && ends_with(parameter.name, ".weight"))) {
    return at::ones(parameter.shape, at::kFloat);
  }
  if (ends_with(parameter.name, ".bias")) return at::zeros(parameter.shape, at::kFloat);
  at::Tensor tensor = at::empty(parameter.shape, at::kFloat);
  float* values = tensor.data_ptr<float>();
  Rng rng(derive_seed(seed, parameter.name.c_str()));
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    double value = rng.normal();
    while (std::abs(value) > kLargestDeviations) value = rng.normal();
    values[i] = static_cast<float>(kDeviation * value);
  }
  return tensor;
}

}  // namespace

std::vector<VitParameter> vit_parameters(const VitConfig& config) {
  const int64_t d = config.width;
  std::vector<VitParameter> all;
  if (config.has_class_token) all.push_back({"cls_token", {1, 1, d}});
  if (config.has_distillation_token) all.push_back({"dist_token", {1, 1, d}});
  if (config.positions == VitPositions::kTable) {
    all.push_back({"pos_embed", {1, config.table_rows(), d}});
  } else {
    all.push_back({kRotaryPeriods, {config.head_width() / 4}});
  }
  if (config.registers > 0) all.push_back({"register_tokens", {1, config.registers, d}});
  all.push_back({"patch_embed.proj.weight", {d, config.channels, config.patch, config.patch}});
  if (config.has_patch_bias) all.push_back({"patch_embed.proj.bias", {d}});
  if (config.has_entry_norm) add_norm(all, "norm_pre", d);
  for (int64_t i = 0; i < config.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    add_norm(all, block + "norm1", d);
    all.push_back({block + "attn.qkv.weight", {3 * d, d}});
    if (config.has_qkv_bias) all.push_back({block + "attn.qkv.bias", {3 * d}});
    if (config.has_query_key_norm) {
      add_norm(all, block + "attn.q_norm", config.head_width());
      add_norm(all, block + "attn.k_norm", config.head_width());
    }
    add_linear(all, block + "attn.proj", d, d);
    if (config.has_layer_scale) all.push_back({block + "ls1.gamma", {d}});
    add_norm(all, block + "norm2", d);
    add_linear(all, block + (config.is_gated() ? "mlp.w12" : "mlp.fc1"), config.hidden_rows(), d);
    add_linear(all, block + (config.is_gated() ? "mlp.w3" : "mlp.fc2"), d, config.hidden);
    if (config.has_layer_scale) all.push_back({block + "ls2.gamma", {d}});
  }
  add_norm(all, "norm", d);
  if (config.pooling == VitPooling::kAttentionHead) add_attention_head(all, config);
  if (config.projection > 0) all.push_back({"projection.weight", {config.projection, d}});
  return all;
}

at::Tensor take_parameter(VitParameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) {
    throw Error(ErrorKind::kInternal, name, "the parameters do not fit the configuration");
  }
  at::Tensor tensor = std::move(found->second);
  parameters.erase(found);
  return tensor;
}

at::Tensor rotary_periods(int64_t head_width, double base) {
  const int64_t count = head_width / 4;
  at::Tensor periods = at::empty({count}, at::kFloat);
  for (int64_t k = 0; k < count; ++k) {
    // The reference raises float32 numbers, and its rounding is visible at the golden tolerance.
    const float exponent = 2.0F * static_cast<float>(k) / static_cast<float>(head_width / 2);
    periods.data_ptr<float>()[k] = std::pow(static_cast<float>(base), exponent);
  }
  return periods;
}

VitParameters random_vit_parameters(const VitConfig& config, uint64_t seed) {
  const std::vector<VitParameter> list = vit_parameters(config);
  std::vector<at::Tensor> drawn(list.size());
  // One generator per tensor: the tensors are drawn in parallel.
  parallel_for(static_cast<int64_t>(list.size()), 0, [&](int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    drawn[index] = draw(list[index], seed);
  });
  VitParameters parameters;
  for (std::size_t i = 0; i < list.size(); ++i) parameters[list[i].name] = drawn[i];
  return parameters;
}

}  // namespace physprobe

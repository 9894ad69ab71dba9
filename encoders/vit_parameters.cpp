#include "physprobe/encoders/vit_parameters.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/encoders/vit_position.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdlib>
#include <utility>

namespace physprobe {
namespace {

constexpr double kDeviation = 0.02;
constexpr double kLargestDeviations = 2.0;
constexpr double kLargestByDepth = 2.0;  // not deviations: V-JEPA cuts at the value itself

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_norm(const std::string& name) {
  return name.find("norm") != std::string::npos;
}

void append(std::vector<VitParameter>& all, const std::vector<VitParameter>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

void add_norm(std::vector<VitParameter>& all, const std::string& name, int64_t width) {
  append(all, norm_parameters(name, width));
}

void add_linear(std::vector<VitParameter>& all,
                const std::string& name,
                int64_t outputs,
                int64_t inputs) {
  append(all, linear_parameters(name, outputs, inputs));
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

/// Block number of "blocks.3.attn.proj.weight", from 1.
double block_number(const std::string& name) {
  return std::strtod(name.c_str() + std::string("blocks.").size(), nullptr) + 1.0;
}

/// V-JEPA's rescaling of residual branches; see VitInitialisation::kByDepth.
void rescale_by_depth(const VitConfig& config, const std::string& name, at::Tensor& tensor) {
  if (name.compare(0, 7, "blocks.") != 0) return;
  const double divisor = std::sqrt(2.0 * block_number(name));
  if (ends_with(name, ".attn.proj.weight") || ends_with(name, ".mlp.fc2.weight")) {
    tensor.div_(divisor);
  } else if (ends_with(name, ".mlp.w12.weight")) {
    tensor.narrow(0, config.hidden, config.hidden).div_(divisor);
  }
}

at::Tensor draw(const VitConfig& config,
                const VitParameter& parameter,
                uint64_t seed,
                VitInitialisation kind) {
  const bool is_by_depth = kind == VitInitialisation::kByDepth;
  if (parameter.name == kRotaryPeriods) {
    return rotary_periods(4 * parameter.shape[0], kRotaryBase);
  }
  if (is_by_depth && parameter.name == "pos_embed") {
    return sincos_positions(config.table_steps, config.table_side, config.table_side, config.width,
                            true)
        .reshape(parameter.shape);
  }
  if (ends_with(parameter.name, ".gamma") ||
      (is_norm(parameter.name) && ends_with(parameter.name, ".weight"))) {
    return at::ones(parameter.shape, at::kFloat);
  }
  if (ends_with(parameter.name, ".bias") || (is_by_depth && parameter.name == "mask_tokens")) {
    return at::zeros(parameter.shape, at::kFloat);
  }
  const double largest = is_by_depth ? kLargestByDepth / kDeviation : kLargestDeviations;
  at::Tensor tensor = at::empty(parameter.shape, at::kFloat);
  float* values = tensor.data_ptr<float>();
  Rng rng(derive_seed(seed, parameter.name.c_str()));
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    double value = rng.normal();
    while (std::abs(value) > largest) value = rng.normal();
    values[i] = static_cast<float>(kDeviation * value);
  }
  if (is_by_depth) rescale_by_depth(config, parameter.name, tensor);
  return tensor;
}

}  // namespace

std::vector<VitParameter> norm_parameters(const std::string& name, int64_t width) {
  return {{name + ".weight", {width}}, {name + ".bias", {width}}};
}

std::vector<VitParameter> linear_parameters(const std::string& name,
                                            int64_t outputs,
                                            int64_t inputs,
                                            bool has_bias) {
  std::vector<VitParameter> both = {{name + ".weight", {outputs, inputs}}};
  if (has_bias) both.push_back({name + ".bias", {outputs}});
  return both;
}

std::vector<VitParameter> vit_block_parameters(const VitConfig& config) {
  const int64_t d = config.width;
  std::vector<VitParameter> all;
  for (int64_t i = 0; i < config.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    add_norm(all, block + "norm1", d);
    append(all, linear_parameters(block + "attn.qkv", 3 * d, d, config.has_qkv_bias));
    add_linear(all, block + "attn.proj", d, d);
    if (config.has_layer_scale) all.push_back({block + "ls1.gamma", {d}});
    add_norm(all, block + "norm2", d);
    add_linear(all, block + (config.is_gated() ? "mlp.w12" : "mlp.fc1"), config.hidden_rows(), d);
    add_linear(all, block + (config.is_gated() ? "mlp.w3" : "mlp.fc2"), d, config.hidden);
    if (config.has_layer_scale) all.push_back({block + "ls2.gamma", {d}});
  }
  return all;
}

std::vector<VitParameter> vit_parameters(const VitConfig& config) {
  const int64_t d = config.width;
  std::vector<VitParameter> all;
  if (config.has_class_token) all.push_back({"cls_token", {1, 1, d}});
  if (config.positions == VitPositions::kTable) {
    all.push_back({"pos_embed", {1, config.table_rows(), d}});
  } else if (config.positions == VitPositions::kRotary) {
    all.push_back({kRotaryPeriods, {config.head_width() / 4}});
  }
  if (config.registers > 0) all.push_back({"register_tokens", {1, config.registers, d}});
  std::vector<int64_t> patch = {d, config.channels, config.patch, config.patch};
  if (config.tubelet > 1) patch.insert(patch.begin() + 2, config.tubelet);
  all.push_back({"patch_embed.proj.weight", patch});
  if (config.has_patch_bias) all.push_back({"patch_embed.proj.bias", {d}});
  if (config.has_modality_embedding) all.push_back({"video_mod_embed", {1, 1, d}});
  if (config.has_entry_norm) add_norm(all, "norm_pre", d);
  append(all, vit_block_parameters(config));
  for (int64_t i = 0; i + 1 < config.level_norms; ++i) {
    add_norm(all, "level_norms." + std::to_string(i), d);
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

VitParameters draw_parameters(const VitConfig& config,
                              const std::vector<VitParameter>& list,
                              uint64_t seed,
                              VitInitialisation kind) {
  std::vector<at::Tensor> drawn(list.size());
  // One generator per tensor: the tensors are drawn in parallel.
  parallel_for(static_cast<int64_t>(list.size()), 0, [&](int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    drawn[index] = draw(config, list[index], seed, kind);
  });
  VitParameters parameters;
  for (std::size_t i = 0; i < list.size(); ++i) parameters[list[i].name] = drawn[i];
  return parameters;
}

VitParameters random_vit_parameters(const VitConfig& config,
                                    uint64_t seed,
                                    VitInitialisation kind) {
  return draw_parameters(config, vit_parameters(config), seed, kind);
}

}  // namespace physprobe

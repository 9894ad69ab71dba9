#include "physprobe/encoders/vit_parameters.h"

#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"

#include <ATen/ATen.h>

#include <cmath>

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

at::Tensor draw(const VitParameter& parameter, uint64_t seed) {
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
  const bool is_swiglu = config.feed_forward == VitFeedForward::kSwigluFused;
  std::vector<VitParameter> all;
  if (config.has_class_token) all.push_back({"cls_token", {1, 1, d}});
  all.push_back({"pos_embed", {1, config.table_rows(), d}});
  if (config.registers > 0) all.push_back({"register_tokens", {1, config.registers, d}});
  all.push_back({"patch_embed.proj.weight", {d, config.channels, config.patch, config.patch}});
  all.push_back({"patch_embed.proj.bias", {d}});
  for (int64_t i = 0; i < config.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    const std::string first = is_swiglu ? "mlp.w12" : "mlp.fc1";
    const std::string second = is_swiglu ? "mlp.w3" : "mlp.fc2";
    all.push_back({block + "norm1.weight", {d}});
    all.push_back({block + "norm1.bias", {d}});
    all.push_back({block + "attn.qkv.weight", {3 * d, d}});
    all.push_back({block + "attn.qkv.bias", {3 * d}});
    all.push_back({block + "attn.proj.weight", {d, d}});
    all.push_back({block + "attn.proj.bias", {d}});
    if (config.has_layer_scale) all.push_back({block + "ls1.gamma", {d}});
    all.push_back({block + "norm2.weight", {d}});
    all.push_back({block + "norm2.bias", {d}});
    all.push_back({block + first + ".weight", {config.hidden_rows(), d}});
    all.push_back({block + first + ".bias", {config.hidden_rows()}});
    all.push_back({block + second + ".weight", {d, config.hidden}});
    all.push_back({block + second + ".bias", {d}});
    if (config.has_layer_scale) all.push_back({block + "ls2.gamma", {d}});
  }
  all.push_back({"norm.weight", {d}});
  all.push_back({"norm.bias", {d}});
  return all;
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

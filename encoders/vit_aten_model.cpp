#include "physprobe/encoders/vit_aten_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace physprobe {
namespace {

constexpr int64_t kImages = 8;  // of a batch

/// Every patch as a row, ordered as vit_model.cpp's: channel, frame of the tubelet, row, column.
at::Tensor patch_rows(const VitConfig& config, const at::Tensor& samples) {
  return samples.unfold(1, config.tubelet, config.tubelet)
      .unfold(3, config.patch, config.patch)
      .unfold(4, config.patch, config.patch)
      .permute({0, 1, 3, 4, 2, 5, 6, 7})
      .reshape(
          {samples.size(0), -1, config.channels * config.tubelet * config.patch * config.patch});
}

}  // namespace

std::unique_ptr<VitAtenModel> model_on_device(const VitConfig& config,
                                              VitParameters& parameters,
                                              const std::optional<at::Device>& device) {
  if (!device) return nullptr;
  auto model = std::make_unique<VitAtenModel>(config, parameters, *device);
  erase_blocks(parameters);
  return model;
}

void VitAtenModel::run(const at::Tensor& samples,
                       const at::Tensor& kept,
                       const VitPlaces& places,
                       int64_t last_block,
                       const std::set<int64_t>& wanted,
                       const OnBlock& on_block) const {
  const VitPlaces there = blocks_.placed(places);
  const at::Tensor kept_there = kept.defined() ? kept.to(blocks_.device()) : kept;
  const int64_t size = blocks_.config().tubelet > 1 ? 1 : kImages;
  for (int64_t first = 0; first < samples.size(0); first += size) {
    const int64_t count = std::min(size, samples.size(0) - first);
    at::Tensor batch = samples.narrow(0, first, count);
    if (count < size) {
      std::vector<int64_t> rest = batch.sizes().vec();
      rest[0] = size - count;
      batch = at::cat({batch, at::zeros(rest, batch.options())}, 0);
    }
    // From pinned memory the copy runs beside whatever the processor does next.
    if (blocks_.device().is_cuda()) batch = batch.contiguous().pin_memory();
    const auto report = [&](int64_t index, const at::Tensor& tokens) {
      if (wanted.count(index) == 0) return;
      on_block(index, first, tokens.narrow(0, 0, count).to(at::kCPU, at::kFloat).contiguous());
    };
    at::Tensor tokens =
        embed(batch.to(blocks_.device(), /*non_blocking=*/true), kept_there, there.table);
    report(-1, tokens);
    for (int64_t i = 0; i <= last_block; ++i) {
      tokens = blocks_.apply(tokens, i, there.rotation);
      report(i, tokens);
    }
  }
}

at::Tensor VitAtenModel::embed(const at::Tensor& samples,
                               const at::Tensor& kept,
                               const at::Tensor& table) const {
  const VitConfig& config = blocks_.config();
  const int64_t batch = samples.size(0);
  at::Tensor rows = patch_rows(config, samples);
  if (kept.defined()) rows = rows.index_select(1, kept);
  at::Tensor patches = at::linear(
      rows, blocks_.parameter("patch_embed.proj.weight").reshape({config.width, rows.size(2)}));
  if (config.has_patch_bias) patches = patches + blocks_.parameter("patch_embed.proj.bias");
  if (config.has_modality_embedding) patches = patches + blocks_.parameter("video_mod_embed");
  std::vector<at::Tensor> classes;
  for (const char* name : {"cls_token", "dist_token"}) {
    if (blocks_.has(name)) {
      classes.push_back(blocks_.parameter(name).reshape({1, 1, -1}).expand({batch, 1, -1}));
    }
  }
  std::vector<at::Tensor> parts;
  if (!classes.empty()) parts.push_back(at::cat(classes, 1));
  if (table.defined()) {
    if (config.class_rows() > 0) parts[0] = parts[0] + table.slice(0, 0, config.class_rows());
    patches = patches + table.slice(0, config.class_rows());
  }
  if (config.registers > 0) {
    parts.push_back(blocks_.parameter("register_tokens")
                        .reshape({1, config.registers, -1})
                        .expand({batch, config.registers, -1}));
  }
  parts.push_back(patches);
  const at::Tensor tokens = at::cat(parts, 1);
  return config.has_entry_norm ? blocks_.norm(tokens, "norm_pre") : tokens;
}

}  // namespace physprobe

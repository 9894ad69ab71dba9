#include "physprobe/encoders/vit_model.h"

#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_kernels.h"
#include "physprobe/encoders/vit_position.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace physprobe {
namespace {

at::Tensor take_prefix(const VitConfig& config, VitParameters& parameters) {
  std::vector<at::Tensor> rows = {at::empty({0, config.width}, at::kFloat)};
  if (config.has_class_token) {
    rows.push_back(take_parameter(parameters, "cls_token").reshape({1, config.width}));
  }
  if (config.has_distillation_token) {
    rows.push_back(take_parameter(parameters, "dist_token").reshape({1, config.width}));
  }
  if (config.registers > 0) {
    rows.push_back(
        take_parameter(parameters, "register_tokens").reshape({config.registers, config.width}));
  }
  return at::cat(rows, 0).contiguous();
}

at::Tensor take_table(const VitConfig& config, VitParameters& parameters) {
  if (config.positions == VitPositions::kRotary) {
    return take_parameter(parameters, kRotaryPeriods).contiguous();
  }
  return take_parameter(parameters, "pos_embed")
      .reshape({config.table_rows(), config.width})
      .contiguous();
}

/// Non-overlapping patches of `image` as rows (patches, channels * patch * patch), patches row by
/// row.
void gather_patches(
    const VitConfig& config, const float* image, int64_t height, int64_t width, float* rows) {
  const int64_t patch = config.patch;
  for (int64_t top = 0; top + patch <= height; top += patch) {
    for (int64_t left = 0; left + patch <= width; left += patch) {
      for (int64_t channel = 0; channel < config.channels; ++channel) {
        for (int64_t y = 0; y < patch; ++y) {
          const float* from = image + (channel * height + top + y) * width + left;
          rows = std::copy(from, from + patch, rows);
        }
      }
    }
  }
}

}  // namespace

VitModel::VitModel(const VitConfig& config, VitParameters parameters)
    : config_(config),
      prefix_(take_prefix(config, parameters)),
      table_(take_table(config, parameters)),
      patch_embedding_(take_linear(parameters, "patch_embed.proj")),
      norm_(parameters, "norm", config.norm_epsilon),
      readout_(config, parameters) {
  product_library();  // a wrong choice is refused here, not once per video
  if (config.has_entry_norm) entry_norm_ = VitNorm(parameters, "norm_pre", config.norm_epsilon);
  if (parameters.count("blocks.0.norm1.weight") == 0) return;
  blocks_.reserve(static_cast<std::size_t>(config.depth));
  for (int64_t i = 0; i < config.depth; ++i) blocks_.emplace_back(config, parameters, i);
}

VitPlaces VitModel::places(int64_t grid_height, int64_t grid_width) const {
  const std::lock_guard<std::mutex> lock(places_mutex_);
  if (places_height_ != grid_height || places_width_ != grid_width) {
    if (config_.positions == VitPositions::kRotary) {
      places_.rotation = axial_rotation(table_, grid_height, grid_width);
    } else {
      places_.table = resized_positions(config_, table_, grid_height, grid_width);
    }
    places_height_ = grid_height;
    places_width_ = grid_width;
  }
  return places_;
}

void VitModel::run(const float* image,
                   int64_t height,
                   int64_t width,
                   const VitPlaces& places,
                   int64_t last_block,
                   const OnBlock& on_block) const {
  const int64_t patches = (height / config_.patch) * (width / config_.patch);
  const int64_t tokens = config_.prefix_tokens() + patches;
  VitWorkspacePool::Lease lease(workspaces_);
  VitWorkspace& workspace = *lease;
  workspace.reserve(config_, tokens, patches);
  embed(image, height, width, places.table, workspace);
  on_block(-1, workspace.tokens);
  for (int64_t i = 0; i <= last_block; ++i) {
    blocks_[static_cast<std::size_t>(i)].apply(config_, places.rotation, tokens, workspace);
    on_block(i, workspace.tokens);
  }
}

void VitModel::final_norm(const float* tokens, int64_t rows, float* out) const {
  norm_.apply(tokens, rows, out);
}

void VitModel::pool(const float* tokens, const float* normed, int64_t patches, float* out) const {
  if (config_.pooling != VitPooling::kMeanThenNorm) {
    return readout_.pool(config_, normed, patches, out);
  }
  std::vector<float> mean(static_cast<std::size_t>(config_.width));
  mean_of_rows(tokens + config_.prefix_tokens() * config_.width, patches, config_.width,
               mean.data());
  norm_.apply(mean.data(), 1, mean.data());
  readout_.project(config_, mean.data(), out);
}

void VitModel::embed(const float* image,
                     int64_t height,
                     int64_t width,
                     const at::Tensor& table,
                     VitWorkspace& workspace) const {
  const int64_t patches = (height / config_.patch) * (width / config_.patch);
  const int64_t d = config_.width;
  std::copy_n(prefix_.data_ptr<float>(), prefix_.numel(), workspace.tokens);
  float* patch_tokens = workspace.tokens + config_.prefix_tokens() * d;
  gather_patches(config_, image, height, width, workspace.wide);
  patch_embedding_.apply(workspace.wide, patches, patch_tokens);
  vit_kernels().add_bias_rows(patch_tokens, patch_embedding_.bias(), patches, d);
  if (table.defined()) {
    const float* row = table.data_ptr<float>();
    for (int64_t i = 0; i < config_.class_rows() * d; ++i) workspace.tokens[i] += row[i];
    row += config_.class_rows() * d;
    for (int64_t i = 0; i < patches * d; ++i) patch_tokens[i] += row[i];
  }
  if (config_.has_entry_norm) {
    entry_norm_.apply(workspace.tokens, config_.prefix_tokens() + patches, workspace.tokens);
  }
}

}  // namespace physprobe

#include "physprobe/encoders/vit_model.h"

#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_kernels.h"
#include "physprobe/encoders/vit_position.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace physprobe {
namespace {

at::Tensor prefix_tokens(const VitConfig& config, const VitParameters& parameters) {
  std::vector<at::Tensor> rows = {at::empty({0, config.width}, at::kFloat)};
  if (config.has_class_token) rows.push_back(parameters.at("cls_token").reshape({1, config.width}));
  if (config.registers > 0) {
    rows.push_back(parameters.at("register_tokens").reshape({config.registers, config.width}));
  }
  return at::cat(rows, 0).contiguous();
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

VitModel::VitModel(const VitConfig& config, const VitParameters& parameters)
    : config_(config),
      prefix_(prefix_tokens(config, parameters)),
      table_(parameters.at("pos_embed").reshape({config.table_rows(), config.width}).contiguous()),
      patch_embedding_(parameters.at("patch_embed.proj.weight"),
                       parameters.at("patch_embed.proj.bias")),
      norm_(parameters, "norm", config.norm_epsilon) {
  product_library();  // a wrong choice is refused here, not once per video
  blocks_.reserve(static_cast<std::size_t>(config.depth));
  for (int64_t i = 0; i < config.depth; ++i) blocks_.emplace_back(config, parameters, i);
}

at::Tensor VitModel::positions(int64_t grid_height, int64_t grid_width) const {
  const std::lock_guard<std::mutex> lock(positions_mutex_);
  if (positions_height_ != grid_height || positions_width_ != grid_width) {
    positions_ = resized_positions(config_, table_, grid_height, grid_width);
    positions_height_ = grid_height;
    positions_width_ = grid_width;
  }
  return positions_;
}

void VitModel::run(const float* image,
                   int64_t height,
                   int64_t width,
                   const at::Tensor& positions,
                   int64_t last_block,
                   const OnBlock& on_block) const {
  const int64_t patches = (height / config_.patch) * (width / config_.patch);
  const int64_t tokens = config_.prefix_tokens() + patches;
  VitWorkspacePool::Lease lease(workspaces_);
  VitWorkspace& workspace = *lease;
  workspace.reserve(config_, tokens, patches);
  embed(image, height, width, positions, workspace);
  on_block(-1, workspace.tokens);
  for (int64_t i = 0; i <= last_block; ++i) {
    blocks_[static_cast<std::size_t>(i)].apply(config_, tokens, workspace);
    on_block(i, workspace.tokens);
  }
}

void VitModel::final_norm(const float* tokens, int64_t rows, float* out) const {
  norm_.apply(tokens, rows, out);
}

void VitModel::embed(const float* image,
                     int64_t height,
                     int64_t width,
                     const at::Tensor& positions,
                     VitWorkspace& workspace) const {
  const int64_t patches = (height / config_.patch) * (width / config_.patch);
  const int64_t d = config_.width;
  const float* position = positions.data_ptr<float>();
  std::copy_n(prefix_.data_ptr<float>(), prefix_.numel(), workspace.tokens);
  if (config_.has_class_token) {
    for (int64_t i = 0; i < d; ++i) workspace.tokens[i] += position[i];
    position += d;
  }
  float* patch_tokens = workspace.tokens + config_.prefix_tokens() * d;
  gather_patches(config_, image, height, width, workspace.wide);
  patch_embedding_.apply(workspace.wide, patches, patch_tokens);
  vit_kernels().add_bias_rows(patch_tokens, patch_embedding_.bias(), patches, d);
  for (int64_t i = 0; i < patches * d; ++i) patch_tokens[i] += position[i];
}

}  // namespace physprobe

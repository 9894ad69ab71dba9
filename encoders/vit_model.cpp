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
  if (config.positions != VitPositions::kTable) return {};
  return take_parameter(parameters, "pos_embed")
      .reshape({config.table_rows(), config.width})
      .contiguous();
}

/// The vector of the modality goes into the bias, which every patch gets as well.
VitLinear take_patch_embedding(const VitConfig& config, VitParameters& parameters) {
  if (config.has_modality_embedding) {
    const at::Tensor modality =
        take_parameter(parameters, "video_mod_embed").reshape({config.width});
    at::Tensor& bias = parameters["patch_embed.proj.bias"];
    bias = bias.defined() ? bias + modality : modality;
  }
  return take_linear(parameters, "patch_embed.proj");
}

/// Patch `id` (step, row, column) as a row (channels * tubelet * patch * patch): channel, frame of
/// the tubelet, row, column.
float* gather_patch(const VitConfig& config, const VitSample& sample, int64_t id, float* row) {
  const int64_t patch = config.patch;
  const int64_t grid_width = sample.width / patch;
  const int64_t in_step = (sample.height / patch) * grid_width;
  const int64_t first_frame = id / in_step * config.tubelet;
  const int64_t top = id % in_step / grid_width * patch;
  const int64_t left = id % in_step % grid_width * patch;
  for (int64_t channel = 0; channel < config.channels; ++channel) {
    for (int64_t frame = first_frame; frame < first_frame + config.tubelet; ++frame) {
      const float* plane =
          sample.frames + (frame * config.channels + channel) * sample.height * sample.width;
      for (int64_t y = 0; y < patch; ++y) {
        const float* from = plane + (top + y) * sample.width + left;
        row = std::copy(from, from + patch, row);
      }
    }
  }
  return row;
}

int64_t entering_patches(const VitConfig& config, const VitSample& sample) {
  if (sample.kept.defined()) return sample.kept.numel();
  return sample.steps * (sample.height / config.patch) * (sample.width / config.patch);
}

}  // namespace

VitModel::VitModel(const VitConfig& config, VitParameters parameters)
    : config_(config),
      prefix_(take_prefix(config, parameters)),
      table_(take_table(config, parameters)),
      patch_embedding_(take_patch_embedding(config, parameters)),
      norm_(parameters, "norm", config.norm_epsilon),
      readout_(config, parameters) {
  product_library();  // a wrong choice is refused here, not once per video
  if (config.has_entry_norm) entry_norm_ = VitNorm(parameters, "norm_pre", config.norm_epsilon);
  for (int64_t i = 0; i + 1 < config.level_norms; ++i) {
    level_norms_.emplace_back(parameters, "level_norms." + std::to_string(i), config.norm_epsilon);
  }
  blocks_.reserve(static_cast<std::size_t>(config.depth));
  for (int64_t i = 0; i < config.depth; ++i) blocks_.emplace_back(config, parameters, i);
}

VitPlaces make_places(const VitConfig& config,
                      const at::Tensor& table,
                      int64_t grid_height,
                      int64_t grid_width,
                      int64_t steps) {
  VitPlaces places;
  if (config.positions == VitPositions::kRotary) {
    places.rotation = axial_rotation(table, grid_height, grid_width);
  } else if (config.positions == VitPositions::kTable) {
    places.table = resized_positions(config, table, grid_height, grid_width, steps);
  } else if (config.positions == VitPositions::kSinusoid) {
    places.table = sinusoid_positions(steps * grid_height * grid_width, config.width);
  } else {
    places.rotation = video_rotation(config, steps, grid_height, grid_width);
  }
  return places;
}

VitPlaces selected_places(const VitPlaces& places, const at::Tensor& ids) {
  const auto rows = [&ids](const at::Tensor& all) {
    return all.defined() ? all.index_select(0, ids).contiguous() : at::Tensor();
  };
  return {rows(places.table), {rows(places.rotation.sine), rows(places.rotation.cosine)}};
}

VitPlaces VitModel::places(int64_t grid_height, int64_t grid_width, int64_t steps) const {
  const std::lock_guard<std::mutex> lock(places_mutex_);
  if (places_height_ != grid_height || places_width_ != grid_width || places_steps_ != steps) {
    places_ = make_places(config_, table_, grid_height, grid_width, steps);
    places_height_ = grid_height;
    places_width_ = grid_width;
    places_steps_ = steps;
  }
  return places_;
}

void VitModel::run(const VitSample& sample,
                   const VitPlaces& places,
                   int64_t last_block,
                   const OnBlock& on_block) const {
  const int64_t patches = entering_patches(config_, sample);
  const int64_t tokens = config_.prefix_tokens() + patches;
  VitWorkspacePool::Lease lease(workspaces_);
  VitWorkspace& workspace = *lease;
  workspace.reserve(config_, tokens, patches);
  embed(sample, patches, places.table, workspace);
  on_block(-1, workspace.tokens);
  for (int64_t i = 0; i <= last_block; ++i) {
    blocks_[static_cast<std::size_t>(i)].apply(config_, places.rotation, tokens, workspace);
    on_block(i, workspace.tokens);
  }
}

void VitModel::level_norm(int64_t level, const float* tokens, int64_t rows, float* out) const {
  const auto index = static_cast<std::size_t>(level);
  (index < level_norms_.size() ? level_norms_[index] : norm_).apply(tokens, rows, out);
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

void VitModel::embed(const VitSample& sample,
                     int64_t patches,
                     const at::Tensor& table,
                     VitWorkspace& workspace) const {
  const int64_t d = config_.width;
  std::copy_n(prefix_.data_ptr<float>(), prefix_.numel(), workspace.tokens);
  float* patch_tokens = workspace.tokens + config_.prefix_tokens() * d;
  const int64_t* const kept = sample.kept.defined() ? sample.kept.data_ptr<int64_t>() : nullptr;
  float* next = workspace.wide;
  for (int64_t i = 0; i < patches; ++i) {
    next = gather_patch(config_, sample, kept == nullptr ? i : kept[i], next);
  }
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

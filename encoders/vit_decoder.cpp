#include "physprobe/encoders/vit_decoder.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vit_kernels.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

void append(std::vector<VitParameter>& all, const std::vector<VitParameter>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

void VitDecoderConfig::validate(const std::string& subject) const {
  blocks.validate(subject);
  if (inputs > 0 && outputs > 0 && mask_tokens > 0) return;
  throw Error(
      ErrorKind::kUsage, subject,
      fmt::format("has a predictor of {} inputs, {} outputs and {} mask tokens; all must be "
                  "above 0",
                  inputs, outputs, mask_tokens));
}

std::string VitDecoderConfig::canonical() const {
  std::string text = fmt::format("D{} L{} h{} ffn-{} H{} eps{} in{} out{} masks{} {}", blocks.width,
                                 blocks.depth, blocks.heads, feed_forward_name(blocks.feed_forward),
                                 blocks.hidden, blocks.norm_epsilon, inputs, outputs, mask_tokens,
                                 positions_name(blocks.positions));
  if (blocks.positions == VitPositions::kTable) {
    text += fmt::format(" M{}x{} {}", blocks.table_steps, blocks.table_side,
                        position_name(blocks.position));
  }
  if (blocks.rotary_side > 0) text += fmt::format(" stretched{}", blocks.rotary_side);
  if (input_hidden > 0) text += fmt::format(" in-hidden{}", input_hidden);
  if (!has_input_bias) text += " in-unbiased";
  if (blocks.has_modality_embedding) text += " modality";
  return text;
}

std::vector<VitParameter> vit_decoder_parameters(const VitDecoderConfig& config) {
  const int64_t d = config.blocks.width;
  std::vector<VitParameter> all;
  if (config.input_hidden > 0) {
    append(all, linear_parameters("embed.0", config.input_hidden, config.inputs));
    append(all, linear_parameters("embed.2", d, config.input_hidden));
  } else {
    append(all, linear_parameters("embed", d, config.inputs, config.has_input_bias));
  }
  all.push_back({"mask_tokens", {config.mask_tokens, 1, d}});
  if (config.blocks.positions == VitPositions::kTable) {
    all.push_back({"pos_embed", {1, config.blocks.table_rows(), d}});
  }
  if (config.blocks.has_modality_embedding) all.push_back({"video_mod_embed", {1, 1, d}});
  append(all, vit_block_parameters(config.blocks));
  append(all, norm_parameters("norm", d));
  append(all, linear_parameters("proj", config.outputs, d));
  return all;
}

double vit_decoder_flops(const VitDecoderConfig& config, int64_t given, int64_t asked) {
  const auto d = static_cast<double>(config.blocks.width);
  const auto inputs = static_cast<double>(config.inputs);
  const auto hidden = static_cast<double>(config.input_hidden);
  const double entry = config.input_hidden > 0 ? (inputs + d) * hidden : inputs * d;
  return 2.0 * (static_cast<double>(given) * entry +
                static_cast<double>(asked) * d * static_cast<double>(config.outputs)) +
         vit_block_flops(config.blocks, given + asked);
}

VitDecoder::VitDecoder(const VitDecoderConfig& config, VitParameters parameters) : config_(config) {
  const int64_t d = config.blocks.width;
  mask_tokens_ = take_parameter(parameters, "mask_tokens").reshape({config.mask_tokens, d});
  if (config.blocks.positions == VitPositions::kTable) {
    table_ = take_parameter(parameters, "pos_embed")
                 .reshape({config.blocks.table_rows(), d})
                 .contiguous();
  }
  if (config.input_hidden > 0) {
    embedding_.push_back(take_linear(parameters, "embed.0"));
    embedding_.push_back(take_linear(parameters, "embed.2"));
  } else {
    embedding_.push_back(take_linear(parameters, "embed"));
  }
  if (config.blocks.has_modality_embedding) {
    modality_ = take_parameter(parameters, "video_mod_embed").reshape({d}).contiguous();
  }
  if (parameters.count("blocks.0.norm1.weight") != 0) {
    blocks_.reserve(static_cast<std::size_t>(config.blocks.depth));
    for (int64_t i = 0; i < config.blocks.depth; ++i) {
      blocks_.emplace_back(config.blocks, parameters, i);
    }
  }
  norm_ = VitNorm(parameters, "norm", config.blocks.norm_epsilon);
  projection_.push_back(take_linear(parameters, "proj"));
}

std::vector<double> VitDecoder::mask_token_norms() const {
  std::vector<double> norms;
  for (int64_t i = 0; i < mask_tokens_.size(0); ++i) {
    norms.push_back(mask_tokens_[i].to(at::kDouble).norm().item<double>());
  }
  return norms;
}

VitPlaces VitDecoder::places(int64_t grid_height, int64_t grid_width, int64_t steps) const {
  return make_places(config_.blocks, table_, grid_height, grid_width, steps);
}

void VitDecoder::run(const float* encoded,
                     int64_t given,
                     int64_t asked,
                     const VitPlaces& places,
                     int64_t mask_token,
                     float* out,
                     const OnBlock& on_block) const {
  const int64_t d = config_.blocks.width;
  const int64_t tokens = given + asked;
  VitWorkspacePool::Lease lease(workspaces_);
  VitWorkspace& workspace = *lease;
  workspace.reserve(config_.blocks, tokens, 0);
  enter(encoded, given, asked, places, mask_token, workspace);
  if (on_block) on_block(-1, workspace.tokens);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].apply(config_.blocks, places.rotation, tokens, workspace);
    if (on_block) on_block(static_cast<int64_t>(i), workspace.tokens);
  }
  norm_.apply(workspace.tokens + given * d, asked, workspace.normed);
  projection_.front().apply(workspace.normed, asked, out);
  vit_kernels().add_bias_rows(out, projection_.front().bias(), asked, config_.outputs);
}

void VitDecoder::enter(const float* encoded,
                       int64_t given,
                       int64_t asked,
                       const VitPlaces& places,
                       int64_t mask_token,
                       VitWorkspace& workspace) const {
  const int64_t d = config_.blocks.width;
  const float* entering = encoded;
  std::vector<float> hidden;
  if (config_.input_hidden > 0) {
    hidden.resize(static_cast<std::size_t>(given * config_.input_hidden));
    embedding_.front().apply(encoded, given, hidden.data());
    apply_activation(VitFeedForward::kGelu, hidden.data(), embedding_.front().bias(), given,
                     config_.input_hidden);
    entering = hidden.data();
  }
  embedding_.back().apply(entering, given, workspace.tokens);
  vit_kernels().add_bias_rows(workspace.tokens, embedding_.back().bias(), given, d);
  const float* mask = mask_tokens_.data_ptr<float>() + mask_token * d;
  for (int64_t row = 0; row < asked; ++row) {
    std::copy_n(mask, d, workspace.tokens + (given + row) * d);
  }
  if (places.table.defined()) {
    const float* table = places.table.data_ptr<float>();
    for (int64_t i = 0; i < (given + asked) * d; ++i) workspace.tokens[i] += table[i];
  }
  if (modality_.defined()) {
    vit_kernels().add_bias_rows(workspace.tokens, modality_.data_ptr<float>(), given + asked, d);
  }
}

}  // namespace physprobe

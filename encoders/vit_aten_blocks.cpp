#include "physprobe/encoders/vit_aten_blocks.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace physprobe {
namespace {

constexpr int64_t kScoreBudget = int64_t{1} << 27;  // numbers of attention at a time: 512 MiB

at::ScalarType scalar_type(VitPrecision precision) {
  if (precision == VitPrecision::kBfloat16) return at::kBFloat16;
  return precision == VitPrecision::kFloat16 ? at::kHalf : at::kFloat;
}

bool is_of_block(const std::string& name) {
  return name.compare(0, 7, "blocks.") == 0;
}

/// vit_rotary.h says which channels of a head turn together.
at::Tensor rotary_partners(const VitConfig& config) {
  const int64_t head_width = config.head_width();
  at::Tensor partners = at::arange(head_width, at::kLong);
  int64_t* partner = partners.data_ptr<int64_t>();
  if (config.positions == VitPositions::kRotary) {
    const int64_t half = head_width / 2;
    for (int64_t i = 0; i < head_width; ++i) partner[i] = (i + half) % head_width;
  } else if (config.is_rotary_in_video()) {
    const int64_t slice = config.rotary_slice();
    for (int64_t axis = 0; axis < 3; ++axis) {
      for (int64_t i = 0; i + 1 < slice; i += 2) {
        std::swap(partner[axis * slice + i], partner[axis * slice + i + 1]);
      }
    }
  }
  return partners;
}

}  // namespace

void erase_blocks(VitParameters& parameters) {
  for (auto entry = parameters.begin(); entry != parameters.end();) {
    entry = is_of_block(entry->first) ? parameters.erase(entry) : std::next(entry);
  }
}

at::Tensor aten_activation(VitFeedForward kind, const at::Tensor& v) {
  switch (kind) {
    case VitFeedForward::kGelu:
      return at::gelu(v);
    case VitFeedForward::kGeluTanh:
      return at::gelu(v, "tanh");
    case VitFeedForward::kQuickGelu:
      return v * at::sigmoid(1.702 * v);
    case VitFeedForward::kSwigluFused:
      break;
  }
  throw Error(ErrorKind::kInternal, "feed-forward", "a gated one has no single activation");
}

VitAtenBlocks::VitAtenBlocks(const VitConfig& config,
                             const VitParameters& parameters,
                             const at::Device& device)
    : config_(config), device_(device), partners_(rotary_partners(config).to(device)) {
  for (const auto& [name, tensor] : parameters) {
    const bool is_rounded = is_of_block(name) && tensor.dim() == 2;
    parameters_[name] =
        tensor.to(device, is_rounded ? scalar_type(config.precision) : at::kFloat).contiguous();
  }
}

at::Tensor VitAtenBlocks::parameter(const std::string& name) const {
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) {
    throw Error(ErrorKind::kInternal, name, "the parameters do not fit the configuration");
  }
  return found->second;
}

VitPlaces VitAtenBlocks::placed(const VitPlaces& places) const {
  VitPlaces there;
  if (places.table.defined()) there.table = places.table.to(device_);
  if (!places.rotation.sine.defined()) return there;
  at::Tensor sine = places.rotation.sine;
  if (config_.positions == VitPositions::kRotary) {
    // [a | b] becomes [a cos - b sin | b cos + a sin]; the codes of video hold their signs.
    const std::vector<at::Tensor> halves = sine.chunk(2, 1);
    sine = at::cat({-halves[0], halves[1]}, 1);
  }
  there.rotation = {sine.to(device_), places.rotation.cosine.to(device_)};
  return there;
}

at::Tensor VitAtenBlocks::norm(const at::Tensor& x, const std::string& name) const {
  const at::Tensor weight = parameter(name + ".weight");
  return at::layer_norm(x, {weight.numel()}, weight, parameter(name + ".bias"),
                        config_.norm_epsilon);
}

at::Tensor VitAtenBlocks::linear(const at::Tensor& x, const std::string& name) const {
  const at::Tensor weight = parameter(name + ".weight");
  const at::Tensor product = at::linear(x.to(weight.scalar_type()), weight).to(at::kFloat);
  return has(name + ".bias") ? product + parameter(name + ".bias") : product;
}

at::Tensor VitAtenBlocks::apply(const at::Tensor& x,
                                int64_t index,
                                const VitRotation& rotation) const {
  const std::string name = "blocks." + std::to_string(index) + ".";
  const auto scaled = [&](const at::Tensor& update, const char* scale) {
    return config_.has_layer_scale ? update * parameter(name + scale) : update;
  };
  const at::Tensor y = x + scaled(attend(norm(x, name + "norm1"), name, rotation), "ls1.gamma");
  return y + scaled(feed_forward(norm(y, name + "norm2"), name), "ls2.gamma");
}

/// `x` (B, heads, tokens, head width): the patches' part turned, the prefix as it is.
at::Tensor VitAtenBlocks::rotated(const at::Tensor& x, const VitRotation& rotation) const {
  if (!rotation.sine.defined()) return x;
  const int64_t prefix = config_.prefix_tokens();
  const at::Tensor patches = x.slice(2, prefix);
  const at::Tensor turned =
      patches * rotation.cosine + patches.index_select(3, partners_) * rotation.sine;
  return prefix == 0 ? turned : at::cat({x.slice(2, 0, prefix), turned}, 2);
}

at::Tensor VitAtenBlocks::attend(const at::Tensor& x,
                                 const std::string& name,
                                 const VitRotation& rotation) const {
  const int64_t batch = x.size(0);
  const int64_t tokens = x.size(1);
  const at::Tensor qkv = linear(x, name + "attn.qkv")
                             .reshape({batch, tokens, 3, config_.heads, config_.head_width()})
                             .permute({2, 0, 3, 1, 4});
  at::Tensor queries = qkv[0];
  at::Tensor keys = qkv[1];
  if (config_.has_query_key_norm) {
    queries = norm(queries, name + "attn.q_norm");
    keys = norm(keys, name + "attn.k_norm");
  }
  const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_width()));
  queries = rotated(queries, rotation) * scale;
  keys = rotated(keys, rotation).transpose(2, 3);
  // Blocks of queries, so that memory stays bounded for long sequences.
  const int64_t rows =
      std::clamp(kScoreBudget / (batch * config_.heads * tokens), int64_t{1}, tokens);
  std::vector<at::Tensor> parts;
  for (int64_t first = 0; first < tokens; first += rows) {
    const at::Tensor scores = at::matmul(queries.slice(2, first, first + rows), keys);
    parts.push_back(at::matmul(at::softmax(scores, -1), qkv[2]));
  }
  const at::Tensor heads = at::cat(parts, 2).transpose(1, 2).reshape(x.sizes());
  return linear(heads, name + "attn.proj");
}

at::Tensor VitAtenBlocks::feed_forward(const at::Tensor& x, const std::string& name) const {
  if (!config_.is_gated()) {
    return linear(aten_activation(config_.feed_forward, linear(x, name + "mlp.fc1")),
                  name + "mlp.fc2");
  }
  const std::vector<at::Tensor> halves = linear(x, name + "mlp.w12").chunk(2, 2);
  return linear(at::silu(halves[0]) * halves[1], name + "mlp.w3");
}

}  // namespace physprobe

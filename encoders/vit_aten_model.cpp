#include "physprobe/encoders/vit_aten_model.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <iterator>

namespace physprobe {
namespace {

constexpr int64_t kBatch = 8;
constexpr int64_t kScoreBudget = int64_t{1} << 27;  // numbers of attention at a time: 512 MiB

at::ScalarType scalar_type(VitPrecision precision) {
  if (precision == VitPrecision::kBfloat16) return at::kBFloat16;
  return precision == VitPrecision::kFloat16 ? at::kHalf : at::kFloat;
}

/// Of each head [a | b] the patches' part becomes [a cos - b sin | b cos + a sin]; `x` (B, heads,
/// tokens, d).
at::Tensor rotated(const at::Tensor& x, int64_t prefix, const VitRotation& rotation) {
  if (!rotation.sine.defined()) return x;
  const at::Tensor patches = x.slice(2, prefix);
  const std::vector<at::Tensor> halves = patches.chunk(2, 3);
  const at::Tensor turned = at::cat({-halves[1], halves[0]}, 3);
  return at::cat({x.slice(2, 0, prefix), patches * rotation.cosine + turned * rotation.sine}, 2);
}

at::Tensor activation(VitFeedForward kind, const at::Tensor& v) {
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

}  // namespace

at::Device compute_device(const std::string& name, const std::string& subject) {
  at::Device device(at::kCPU);
  try {
    device = at::Device(name);
  } catch (const std::exception&) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name + "'; expected cpu, cuda or cuda:<number>");
  }
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name + "'; expected cpu, cuda or cuda:<number>");
  }
  if (!at::hasCUDA()) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name +
                    "', but this LibTorch was built without CUDA or finds no GPU; leave "
                    "it out, build against a LibTorch with CUDA, or serve the model by exec:");
  }
  const auto count = static_cast<int64_t>(at::getNumGPUs());
  if (device.has_index() && device.index() >= count) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name + "', but this machine has " + std::to_string(count) + " GPU(s)");
  }
  return device;
}

std::unique_ptr<VitAtenModel> model_on_device(const VitConfig& config,
                                              VitParameters& parameters,
                                              const at::Device& device) {
  if (device.is_cpu()) return nullptr;
  auto model = std::make_unique<VitAtenModel>(config, parameters, device);
  for (auto entry = parameters.begin(); entry != parameters.end();) {
    entry = entry->first.compare(0, 7, "blocks.") == 0 ? parameters.erase(entry) : std::next(entry);
  }
  return model;
}

VitAtenModel::VitAtenModel(const VitConfig& config,
                           const VitParameters& parameters,
                           const at::Device& device)
    : config_(config), device_(device) {
  const bool is_of_images = config.tubelet == 1 && (config.positions == VitPositions::kTable ||
                                                    config.positions == VitPositions::kRotary);
  if (!is_of_images) {
    throw Error(ErrorKind::kUsage, "device", "this model computes on the cpu alone");
  }
  for (const auto& [name, tensor] : parameters) {
    const bool is_rounded = name.compare(0, 7, "blocks.") == 0 && tensor.dim() == 2;
    parameters_[name] =
        tensor.to(device, is_rounded ? scalar_type(config.precision) : at::kFloat).contiguous();
  }
}

void VitAtenModel::run(const at::Tensor& images,
                       const VitPlaces& places,
                       int64_t last_block,
                       const std::set<int64_t>& wanted,
                       const OnBlock& on_block) const {
  const auto on_device = [&](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.to(device_) : tensor;
  };
  const at::Tensor table = on_device(places.table);
  const VitRotation rotation = {on_device(places.rotation.sine), on_device(places.rotation.cosine)};
  for (int64_t first = 0; first < images.size(0); first += kBatch) {
    const int64_t count = std::min(kBatch, images.size(0) - first);
    at::Tensor batch = images.narrow(0, first, count);
    if (count < kBatch) {
      std::vector<int64_t> rest = batch.sizes().vec();
      rest[0] = kBatch - count;
      batch = at::cat({batch, at::zeros(rest, batch.options())}, 0);
    }
    // From pinned memory the copy runs beside whatever the processor does next.
    if (device_.is_cuda()) batch = batch.contiguous().pin_memory();
    const auto report = [&](int64_t index, const at::Tensor& tokens) {
      if (wanted.count(index) == 0) return;
      on_block(index, first, tokens.narrow(0, 0, count).to(at::kCPU, at::kFloat).contiguous());
    };
    at::Tensor tokens = embed(batch.to(device_, /*non_blocking=*/true), table);
    report(-1, tokens);
    for (int64_t i = 0; i <= last_block; ++i) {
      tokens = block(tokens, i, rotation);
      report(i, tokens);
    }
  }
}

at::Tensor VitAtenModel::parameter(const std::string& name) const {
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) {
    throw Error(ErrorKind::kInternal, name, "the parameters do not fit the configuration");
  }
  return found->second;
}

at::Tensor VitAtenModel::norm(const at::Tensor& x, const std::string& name) const {
  const at::Tensor weight = parameter(name + ".weight");
  return at::layer_norm(x, {weight.numel()}, weight, parameter(name + ".bias"),
                        config_.norm_epsilon);
}

at::Tensor VitAtenModel::linear(const at::Tensor& x, const std::string& name) const {
  const at::Tensor weight = parameter(name + ".weight");
  const at::Tensor product = at::linear(x.to(weight.scalar_type()), weight).to(at::kFloat);
  return has(name + ".bias") ? product + parameter(name + ".bias") : product;
}

at::Tensor VitAtenModel::embed(const at::Tensor& images, const at::Tensor& table) const {
  const int64_t p = config_.patch;
  const int64_t batch = images.size(0);
  const at::Tensor weight = parameter("patch_embed.proj.weight");
  const at::Tensor rows = images.unfold(2, p, p)
                              .unfold(3, p, p)
                              .permute({0, 2, 3, 1, 4, 5})
                              .reshape({batch, -1, config_.channels * p * p});
  at::Tensor patches = at::linear(rows, weight.reshape({config_.width, -1}));
  if (config_.has_patch_bias) patches = patches + parameter("patch_embed.proj.bias");
  std::vector<at::Tensor> classes;
  for (const char* name : {"cls_token", "dist_token"}) {
    if (has(name)) classes.push_back(parameter(name).reshape({1, 1, -1}).expand({batch, 1, -1}));
  }
  std::vector<at::Tensor> parts;
  if (!classes.empty()) parts.push_back(at::cat(classes, 1));
  if (table.defined()) {
    if (config_.class_rows() > 0) parts[0] = parts[0] + table.slice(0, 0, config_.class_rows());
    patches = patches + table.slice(0, config_.class_rows());
  }
  if (config_.registers > 0) {
    parts.push_back(parameter("register_tokens")
                        .reshape({1, config_.registers, -1})
                        .expand({batch, config_.registers, -1}));
  }
  parts.push_back(patches);
  const at::Tensor tokens = at::cat(parts, 1);
  return config_.has_entry_norm ? norm(tokens, "norm_pre") : tokens;
}

at::Tensor VitAtenModel::block(const at::Tensor& x,
                               int64_t index,
                               const VitRotation& rotation) const {
  const std::string name = "blocks." + std::to_string(index) + ".";
  const auto scaled = [&](const at::Tensor& update, const char* scale) {
    return config_.has_layer_scale ? update * parameter(name + scale) : update;
  };
  const at::Tensor y = x + scaled(attend(norm(x, name + "norm1"), name, rotation), "ls1.gamma");
  return y + scaled(feed_forward(norm(y, name + "norm2"), name), "ls2.gamma");
}

at::Tensor VitAtenModel::attend(const at::Tensor& x,
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
  queries = rotated(queries, config_.prefix_tokens(), rotation) * scale;
  keys = rotated(keys, config_.prefix_tokens(), rotation).transpose(2, 3);
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

at::Tensor VitAtenModel::feed_forward(const at::Tensor& x, const std::string& name) const {
  if (!config_.is_gated()) {
    return linear(activation(config_.feed_forward, linear(x, name + "mlp.fc1")), name + "mlp.fc2");
  }
  const std::vector<at::Tensor> halves = linear(x, name + "mlp.w12").chunk(2, 2);
  return linear(at::silu(halves[0]) * halves[1], name + "mlp.w3");
}

}  // namespace physprobe

#include "physprobe/encoders/torchscript_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/patch_mean.h"
#include "physprobe/encoders/pixel_tap.h"
#include "physprobe/encoders/vit_family.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

namespace physprobe {
namespace {

const char* const kWhere = "torchscript.options";
constexpr int64_t kSide = 224;
constexpr int64_t kMostTokens = int64_t{1} << 40;

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// What forward returned, flattened: one tensor is "output", several are "output0", …, those of a
/// dictionary have their keys, in the order of their names.
std::vector<NamedTensor> tensors_of(const std::string& subject, const c10::IValue& value) {
  std::vector<NamedTensor> tensors;
  const auto add = [&](const std::string& name, const c10::IValue& one) {
    if (!one.isTensor()) {
      throw Error(
          ErrorKind::kIncompatible, subject,
          fmt::format("its forward returns a {} as '{}'; expected tensors", one.tagKind(), name));
    }
    tensors.push_back({name, one.toTensor()});
  };
  const auto add_all = [&](const auto& list) {
    int64_t index = 0;
    for (const c10::IValue& one : list) add("output" + std::to_string(index++), one);
  };
  if (value.isTuple()) {
    add_all(value.toTupleRef().elements());
  } else if (value.isList()) {
    add_all(value.toList().vec());
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      if (!entry.key().isString()) {
        throw Error(ErrorKind::kIncompatible, subject,
                    "its forward returns a dictionary whose keys are no names");
      }
      add(entry.key().toStringRef(), entry.value());
    }
    std::sort(tensors.begin(), tensors.end(),
              [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  } else {
    add("output", value);
  }
  return tensors;
}

/// (1, N, D) float32, contiguous.
at::Tensor as_tokens(const std::string& subject, const NamedTensor& output) {
  const at::Tensor& tensor = output.tensor;
  const bool fits = at::isFloatingType(tensor.scalar_type()) && tensor.numel() > 0 &&
                    (tensor.dim() == 2 || tensor.dim() == 3) && tensor.size(0) == 1;
  if (!fits) {
    std::string shape;
    for (const int64_t size : tensor.sizes())
      shape += (shape.empty() ? "" : ", ") + std::to_string(size);
    throw Error(ErrorKind::kIncompatible, subject,
                fmt::format("its forward returns '{}' as {} ({}) for one frame; expected "
                            "floating-point (1, tokens, width) or (1, width)",
                            output.name, c10::toString(tensor.scalar_type()), shape));
  }
  const at::Tensor whole = tensor.detach().to(at::kFloat).contiguous();
  return whole.dim() == 2 ? whole.unsqueeze(1) : whole;
}

class TorchScriptEncoder final : public Encoder {
 public:
  TorchScriptEncoder(torch::jit::Module module, EncoderInfo info, int64_t prefix_tokens)
      : module_(std::move(module)), info_(std::move(info)), prefix_tokens_(prefix_tokens) {
    describe_taps();
  }

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input,
                                const EncodeOptions& options) const override {
    const std::vector<std::size_t> taps = requested_taps(info_, options);
    const at::Tensor frames = checked_frames(info_, input, channel_count(info_.preprocess));
    require_preprocessed_size(info_, frames);
    const int64_t count = frames.size(0) * frames.size(1);
    const at::Tensor flat = frames.reshape({count, frames.size(2), frames.size(3), frames.size(4)});
    std::vector<std::vector<at::Tensor>> tokens(static_cast<std::size_t>(count));
    const bool runs_model = std::any_of(taps.begin(), taps.end(), [](auto tap) { return tap > 0; });
    parallel_for(runs_model ? count : 0, options.threads, [&](int64_t i) {
      tokens[static_cast<std::size_t>(i)] = run(flat.narrow(0, i, 1));
    });
    std::vector<TapOutput> outputs;
    for (const std::size_t tap : taps) {
      if (tap == 0) {
        outputs.push_back(pixel_tap(frames, options.keep_tokens, options.threads));
        continue;
      }
      std::vector<at::Tensor> rows;
      for (const auto& frame : tokens) rows.push_back(frame[tap - 1]);
      outputs.push_back(output_of(tap, rows, frames.size(0), options.keep_tokens));
    }
    return outputs;
  }

  std::unique_ptr<Encoder> untrained(uint64_t /*seed*/) const override { return nullptr; }

 private:
  /// Every output for one frame (1, C, H, W), in the order of the taps.
  std::vector<at::Tensor> run(const at::Tensor& frame) const {
    const c10::InferenceMode no_gradients;
    // Without the optimiser's profiling runs the first call computes the same bits as the tenth.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    std::vector<NamedTensor> outputs;
    try {
      torch::jit::Module module = module_;  // shares the weights; forward() is not const
      outputs = tensors_of(info_.id, module.forward({frame.clone()}));
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Error(ErrorKind::kIncompatible, info_.id,
                  fmt::format("its forward fails for a frame of {}x{}: {}", frame.size(2),
                              frame.size(3), std::string(error.what()).substr(0, 2000)));
    }
    std::vector<at::Tensor> tokens;
    for (const NamedTensor& output : outputs) tokens.push_back(as_tokens(info_.id, output));
    return tokens;
  }

  /// Runs the model once on an empty frame: its outputs are the taps.
  void describe_taps() {
    info_.taps.push_back({"pixel", pixel_tap_width(info_.preprocess), kPixelTapDescription});
    // Where the size depends on the video, any will do: taps and widths do not depend on it.
    const auto size = fixed_frame_size(info_.preprocess).value_or(std::make_pair(kSide, kSide));
    const at::Tensor frame =
        at::zeros({1, channel_count(info_.preprocess), size.first, size.second}, at::kFloat);
    std::vector<NamedTensor> outputs;
    {
      const c10::InferenceMode no_gradients;
      torch::jit::Module module = module_;
      try {
        outputs = tensors_of(info_.id, module.forward({frame}));
      } catch (const Error&) {
        throw;
      } catch (const std::exception& error) {
        throw Error(ErrorKind::kIncompatible, info_.id,
                    fmt::format("its forward fails for a frame of {}x{}: {}", size.first,
                                size.second, std::string(error.what()).substr(0, 2000)));
      }
    }
    for (const NamedTensor& output : outputs) {
      const at::Tensor tokens = as_tokens(info_.id, output);
      if (tokens.size(1) <= prefix_tokens_) {
        throw Error(ErrorKind::kUsage, info_.id,
                    fmt::format("'{}' has {} tokens, but options.prefix_tokens says that {} stand "
                                "before the patches",
                                output.name, tokens.size(1), prefix_tokens_));
      }
      info_.taps.push_back({output.name, tokens.size(2), "As the model's forward returns it."});
    }
    for (const TapInfo& tap : info_.taps) info_.default_taps.push_back(tap.name);
    info_.retrieval_tap = info_.taps.back().name;
  }

  TapOutput output_of(std::size_t tap,
                      const std::vector<at::Tensor>& rows,
                      int64_t batch,
                      bool keep_tokens) const {
    const int64_t steps = static_cast<int64_t>(rows.size()) / batch;
    const at::Tensor tokens = at::cat(rows);  // (B T, N, D)
    const int64_t count = tokens.size(1);
    const int64_t width = tokens.size(2);
    if (!at::isfinite(tokens).all().item<bool>()) {
      throw Error(ErrorKind::kInput, info_.id,
                  fmt::format("gives numbers that are not finite at tap '{}'; they are never "
                              "averaged away",
                              info_.taps[tap].name));
    }
    TapOutput output;
    output.name = info_.taps[tap].name;
    output.prefix_tokens = prefix_tokens_;
    output.grid_height = 1;
    output.grid_width = count - prefix_tokens_;
    output.patch_mean = at::empty({batch, steps, width}, at::kFloat);
    for (int64_t i = 0; i < tokens.size(0); ++i) {
      mean_of_patches(tokens.data_ptr<float>() + i * count * width, prefix_tokens_,
                      count - prefix_tokens_, width,
                      output.patch_mean.data_ptr<float>() + i * width);
    }
    output.pooled = prefix_tokens_ > 0
                        ? tokens.select(1, 0).reshape({batch, steps, width}).contiguous()
                        : output.patch_mean;
    if (keep_tokens) output.tokens = tokens.reshape({batch, steps, count, width});
    return output;
  }

  torch::jit::Module module_;
  EncoderInfo info_;
  int64_t prefix_tokens_;
};

bool is_trusted(const nlohmann::json& options) {
  if (!options.contains("trust_model")) return false;
  if (!options.at("trust_model").is_boolean()) {
    throw Error(ErrorKind::kUsage, kWhere,
                fmt::format("'trust_model' is {}; expected true or false",
                            options.at("trust_model").dump()));
  }
  return options.at("trust_model").get<bool>();
}

}  // namespace

std::unique_ptr<Encoder> make_torchscript_encoder(const nlohmann::json& config) {
  const nlohmann::json options = object_field(config, "options", "torchscript");
  const std::string path = string_field(config, "weights", "", "torchscript");
  const std::string pin = string_field(options, "digest", "", kWhere);
  const int64_t prefix = integer_field(options, "prefix_tokens", 0, 0, kMostTokens, kWhere);
  const PreprocessSpec base = with_imagenet_statistics(short_side_and_crop(
      "imagenet", 256, 224, ResampleFilter::kBicubic, CropOffset::kTorchvision));
  const PreprocessSpec preprocess =
      read_preprocess(object_field(config, "preprocess", "torchscript"), base, "torchscript");
  if (!is_trusted(options) && pin.empty()) {
    throw Error(ErrorKind::kUsage, path,
                "is a program, which may do anything when it runs; if you trust where it comes "
                "from, say --trust-model (or options.trust_model: true), or pin options.digest to "
                "its SHA-256");
  }
  const std::string digest = sha256_file(path);
  if (!pin.empty() && pin != digest) {
    throw Error(ErrorKind::kIncompatible, path,
                "has the digest " + digest + ", but the config pins " + pin +
                    "; fetch the file again or correct 'digest'");
  }
  EncoderInfo info;
  const std::string name = string_field(options, "name", "", kWhere);
  info.id = "torchscript-" + (name.empty() ? std::filesystem::path(path).stem().string() : name) +
            preprocess_suffix(base, preprocess);
  info.family = "torchscript";
  info.description = "A TorchScript program";
  // In the identity as a whole: there are no weights apart from the program.
  info.canonical = fmt::format("torchscript/1 file={} prefix_tokens={}", digest, prefix);
  info.weights_digest = "none";
  info.preprocess = preprocess;
  torch::jit::Module module;
  try {
    module = torch::jit::load(path, at::kCPU);
    module.eval();
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kIncompatible, path,
                "cannot be loaded as TorchScript (torch.jit.save writes it): " +
                    std::string(error.what()).substr(0, 400));
  }
  return std::make_unique<TorchScriptEncoder>(std::move(module), std::move(info), prefix);
}

}  // namespace physprobe

#include "physprobe/encoders/checkpoint_loader.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

/// A titled list, one entry a line; "" without entries.
std::string problem_list(const char* title, const std::vector<std::string>& entries) {
  if (entries.empty()) return "";
  return fmt::format("\n  {} ({}):\n    {}", title, entries.size(), fmt::join(entries, "\n    "));
}

bool same_shape(std::vector<int64_t> left, std::vector<int64_t> right) {
  left.erase(std::remove(left.begin(), left.end(), 1), left.end());
  right.erase(std::remove(right.begin(), right.end(), 1), right.end());
  return left == right;
}

/// What each source holds of a tensor, in the checkpoint's orientation.
std::vector<int64_t> share_of(const WantedTensor& tensor) {
  std::vector<int64_t> share = tensor.shape;
  share[0] /= static_cast<int64_t>(tensor.sources.size());
  if (tensor.is_transposed) std::reverse(share.begin(), share.end());
  return share;
}

int64_t count_not_finite(const at::Tensor& tensor) {
  const float* values = tensor.data_ptr<float>();
  int64_t count = 0;
  for (int64_t i = 0; i < tensor.numel(); ++i) count += std::isfinite(values[i]) ? 0 : 1;
  return count;
}

}  // namespace

Misfit find_misfit(const Checkpoint& checkpoint,
                   const std::vector<WantedTensor>& wanted,
                   const std::set<std::string>& ignored) {
  Misfit misfit;
  std::set<std::string> used;
  for (const WantedTensor& tensor : wanted) {
    const std::vector<int64_t> share = share_of(tensor);
    for (const std::string& source : tensor.sources) {
      if (source.empty()) continue;
      used.insert(source);
      if (!checkpoint.contains(source)) {
        misfit.missing.push_back(source + " " + shape_text(share));
      } else if (!same_shape(checkpoint.shape(source), share)) {
        misfit.misshaped.push_back(source + " is " + shape_text(checkpoint.shape(source)) +
                                   ", expected " + shape_text(share));
      }
    }
  }
  for (const std::string& name : checkpoint.names()) {
    if (used.count(name) == 0 && ignored.count(name) == 0) misfit.unexpected.push_back(name);
  }
  return misfit;
}

std::map<std::string, at::Tensor> load_strictly(const Checkpoint& checkpoint,
                                                const std::vector<WantedTensor>& wanted,
                                                const std::set<std::string>& ignored,
                                                const std::string& model) {
  const Misfit misfit = find_misfit(checkpoint, wanted, ignored);
  if (!misfit.is_empty()) {
    throw Error(ErrorKind::kIncompatible, checkpoint.path(),
                "is not a checkpoint of " + model + ":" + problem_list("missing", misfit.missing) +
                    problem_list("unexpected", misfit.unexpected) +
                    problem_list("mis-shaped", misfit.misshaped) +
                    "\n  check that the file and the encoder's options belong together");
  }
  std::vector<at::Tensor> tensors(wanted.size());
  std::vector<std::string> damage(wanted.size());
  parallel_for(static_cast<int64_t>(wanted.size()), 0, [&](int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    std::vector<at::Tensor> parts;
    for (const std::string& source : wanted[index].sources) {
      if (source.empty()) {
        parts.push_back(at::zeros(share_of(wanted[index]), at::kFloat));
        continue;
      }
      parts.push_back(checkpoint.read_float(source));
      const int64_t count = count_not_finite(parts.back());
      if (count > 0) {
        damage[index] += fmt::format("\n  {}: {} of {}", source, count, parts.back().numel());
      }
    }
    at::Tensor whole = parts.size() == 1 ? parts.front() : at::cat(parts, 0);
    if (wanted[index].is_transposed) whole = whole.t();
    tensors[index] = whole.reshape(wanted[index].shape).contiguous();
  });
  std::string problems;
  for (const std::string& text : damage) problems += text;
  if (!problems.empty()) {
    throw Error(ErrorKind::kInput, checkpoint.path(),
                "holds values that are NaN or infinite:" + problems +
                    "\n  the file is damaged or training diverged; fetch it again");
  }
  std::map<std::string, at::Tensor> loaded;
  for (std::size_t i = 0; i < wanted.size(); ++i) loaded[wanted[i].name] = tensors[i];
  return loaded;
}

}  // namespace physprobe

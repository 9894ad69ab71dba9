#include "physprobe/encoders/exec_answer.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/patch_mean.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t size : shape)
    text += (text.empty() ? "" : ", ") + (size < 0 ? std::string("N") : std::to_string(size));
  return "(" + text + ")";
}

/// Where the first value that is not finite stands, "" if there is none.
std::string first_not_finite(const at::Tensor& tensor) {
  const float* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (std::isfinite(values[i])) continue;
    std::vector<int64_t> position;
    int64_t rest = i;
    for (int64_t d = tensor.dim() - 1; d >= 0; --d) {
      position.insert(position.begin(), rest % tensor.size(d));
      rest /= tensor.size(d);
    }
    return fmt::format("{} at {}", values[i], shape_text(position));
  }
  return "";
}

/// (B, T', D): the mean over each frame's patches.
at::Tensor patch_means(const at::Tensor& tokens, int64_t prefix_tokens) {
  const int64_t rows = tokens.size(2);
  const int64_t width = tokens.size(3);
  at::Tensor means = at::empty({tokens.size(0), tokens.size(1), width}, at::kFloat);
  for (int64_t frame = 0; frame < tokens.size(0) * tokens.size(1); ++frame) {
    mean_of_patches(tokens.data_ptr<float>() + frame * rows * width, prefix_tokens,
                    rows - prefix_tokens, width, means.data_ptr<float>() + frame * width);
  }
  return means;
}

}  // namespace

at::Tensor checked_tensor(const std::string& subject,
                          const ExecMessage& answer,
                          const std::string& tensor,
                          const std::vector<int64_t>& expected) {
  const auto found = answer.tensors.find(tensor);
  if (found == answer.tensors.end()) {
    std::string names;
    for (const auto& entry : answer.tensors) names += (names.empty() ? "" : ", ") + entry.first;
    throw Error(ErrorKind::kInput, subject,
                fmt::format("the model answered without '{}'; it sent {}", tensor,
                            names.empty() ? "no tensor" : names));
  }
  const std::vector<int64_t> shape = found->second.sizes().vec();
  bool fits = shape.size() == expected.size() && at::isFloatingType(found->second.scalar_type());
  for (std::size_t d = 0; fits && d < shape.size(); ++d)
    fits = expected[d] < 0 ? shape[d] > 0 : shape[d] == expected[d];
  if (!fits) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("the model answered '{}' as {} {}, expected floating-point {}", tensor,
                            c10::toString(found->second.scalar_type()), shape_text(shape),
                            shape_text(expected)));
  }
  const at::Tensor values = found->second.to(at::kFloat).contiguous();
  const std::string defect = first_not_finite(values);
  if (!defect.empty()) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("the model answered '{}' with a value that is not finite: {}; such "
                            "numbers are never averaged away",
                            tensor, defect));
  }
  return values;
}

std::map<std::string, at::Tensor> checked_answer(const EncoderInfo& info,
                                                 const ExecModel& model,
                                                 const std::vector<std::string>& taps,
                                                 int64_t batch,
                                                 int64_t steps,
                                                 const ExecMessage& answer) {
  std::map<std::string, at::Tensor> checked;
  for (const ExecTap& tap : model.taps) {
    const std::string& name = tap.info.name;
    if (std::find(taps.begin(), taps.end(), name) == taps.end()) continue;
    const int64_t grid = tap.grid_height * tap.grid_width;
    const at::Tensor tokens =
        checked_tensor(info.id, answer, name,
                       {batch, steps, grid > 0 ? tap.prefix_tokens + grid : -1, tap.info.width});
    if (tokens.size(2) <= tap.prefix_tokens) {
      throw Error(ErrorKind::kInput, info.id,
                  fmt::format("the model answered '{}' with {} tokens, but {} come before the "
                              "patches; expected more",
                              name, tokens.size(2), tap.prefix_tokens));
    }
    checked[name] = tokens;
  }
  for (const auto& entry : answer.tensors) {
    if (checked.count(entry.first) > 0) continue;
    throw Error(ErrorKind::kInput, info.id,
                fmt::format("the model sent '{}', which was not asked for", entry.first));
  }
  return checked;
}

TapOutput exec_tap_output(const ExecTap& tap, const at::Tensor& tokens, bool keep_tokens) {
  TapOutput output;
  output.name = tap.info.name;
  output.prefix_tokens = tap.prefix_tokens;
  output.grid_height = tap.grid_height > 0 ? tap.grid_height : 1;
  output.grid_width = tap.grid_width > 0 ? tap.grid_width : tokens.size(2) - tap.prefix_tokens;
  output.patch_mean = patch_means(tokens, tap.prefix_tokens);
  output.pooled = tap.is_pooled_by_first ? tokens.select(2, 0).clone(at::MemoryFormat::Contiguous)
                                         : output.patch_mean;
  if (keep_tokens) output.tokens = tokens;
  return output;
}

}  // namespace physprobe

#include "physprobe/encoders/vit_linear.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <exception>
#include <string>

namespace physprobe {
namespace {

constexpr int64_t kWidestPanel = 384;  // measured: oneDNN gains a quarter on ViT-S' widest layer
constexpr int64_t kVector = 16;        // numbers in an AVX-512 vector

/// Columns of every panel but the last, which may be narrower.
int64_t panel_width(int64_t outputs) {
  const int64_t panels = (outputs + kWidestPanel - 1) / kWidestPanel;
  const int64_t even = (outputs + panels - 1) / panels;
  return (even + kVector - 1) / kVector * kVector;
}

/// input (rows, in) weight (out, in)^T. LibTorch goes by the processor, oneDNN also by its limits
/// (DNNL_MAX_CPU_ISA): where they disagree it throws.
at::Tensor rounded_product(const at::Tensor& input, const at::Tensor& weight) {
  try {
    return at::linear(input, weight);
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kUsage, "dtype",
                std::string("bfloat16 products are not available here (") + error.what() +
                    "); use float32");
  }
}

}  // namespace

VitLinear::VitLinear(const at::Tensor& weight, const at::Tensor& bias, VitPrecision precision)
    : inputs_(weight.numel() / weight.size(0)), outputs_(weight.size(0)), bias_(bias.contiguous()) {
  if (precision == VitPrecision::kBfloat16) {
    rounded_ = weight.reshape({outputs_, inputs_}).to(at::kBFloat16).contiguous();
    return;
  }
  if (precision == VitPrecision::kFloat16) {
    half_ = HalfMatrix(weight.reshape({outputs_, inputs_}));
    return;
  }
  panels_ = at::empty({weight.numel()}, at::kFloat);
  const at::Tensor columns = weight.reshape({outputs_, inputs_}).t();
  const int64_t width = panel_width(outputs_);
  for (int64_t first = 0; first < outputs_; first += width) {
    const int64_t count = std::min(width, outputs_ - first);
    panels_.narrow(0, first * inputs_, count * inputs_)
        .view({inputs_, count})
        .copy_(columns.narrow(1, first, count));
  }
}

void VitLinear::apply(const float* x, int64_t rows, float* out) const {
  if (rounded_.defined()) {
    // LibTorch hands this to oneDNN, on the one thread a sample has.
    const at::Tensor input =
        at::from_blob(const_cast<float*>(x), {rows, inputs_}, at::kFloat).to(at::kBFloat16);
    at::from_blob(out, {rows, outputs_}, at::kFloat).copy_(rounded_product(input, rounded_));
    return;
  }
  if (half_.is_defined()) return half_.multiply(x, rows, out);
  const MatrixView input = {x, rows, inputs_, inputs_};
  const int64_t width = panel_width(outputs_);
  for (int64_t first = 0; first < outputs_; first += width) {
    const int64_t count = std::min(width, outputs_ - first);
    const MatrixView panel = {panels_.data_ptr<float>() + first * inputs_, inputs_, count, count};
    multiply(input, panel, 1.0F, out + first, outputs_);
  }
}

const float* VitLinear::bias() const {
  return bias_.data_ptr<float>();
}

}  // namespace physprobe

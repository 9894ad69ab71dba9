#include "physprobe/encoders/vit_linear.h"

#include <ATen/ATen.h>

namespace physprobe {

VitLinear::VitLinear(const at::Tensor& weight, const at::Tensor& bias)
    : weight_(weight.reshape({weight.size(0), -1}).t().contiguous()), bias_(bias.contiguous()) {}

int64_t VitLinear::inputs() const {
  return weight_.size(0);
}

int64_t VitLinear::outputs() const {
  return weight_.size(1);
}

void VitLinear::apply(const float* x, int64_t rows, float* out) const {
  const MatrixView input = {x, rows, inputs(), inputs()};
  const MatrixView weight = {weight_.data_ptr<float>(), inputs(), outputs(), outputs()};
  multiply(input, weight, 1.0F, out, outputs());
}

const float* VitLinear::bias() const {
  return bias_.data_ptr<float>();
}

}  // namespace physprobe

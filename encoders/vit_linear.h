#pragma once
// A linear layer prepared for the forward pass: the weight turned to (in, out), which the libraries
// of products pack faster than the (out, in) of the checkpoint, and cut into panels of few columns,
// which they multiply faster than one wide matrix. Internal.

#include "physprobe/encoders/vit_config.h"
#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_half.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

class VitLinear {
 public:
  /// `weight` (out, …) with the trailing dimensions flattened to `in`, `bias` (out).
  VitLinear(const at::Tensor& weight,
            const at::Tensor& bias,
            VitPrecision precision = VitPrecision::kFloat32);

  int64_t inputs() const { return inputs_; }
  int64_t outputs() const { return outputs_; }
  /// out (rows, outputs) = x (rows, inputs) weight^T, without the bias: whoever reads `out` next
  /// adds it.
  void apply(const float* x, int64_t rows, float* out) const;
  const float* bias() const;

 private:
  int64_t inputs_;
  int64_t outputs_;
  at::Tensor rounded_;  // (outputs, inputs) bfloat16; undefined in float32
  HalfMatrix half_;     // defined in float16 only
  at::Tensor panels_;   // (inputs * outputs): panel after panel, each (inputs, its columns)
  at::Tensor bias_;     // (outputs)
};

}  // namespace physprobe

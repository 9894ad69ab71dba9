#pragma once
// A linear layer prepared for the forward pass: the weight turned to (in, out), which BLAS packs
// faster than the (out, in) of the checkpoint. Internal.

#include "physprobe/encoders/vit_gemm.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace physprobe {

class VitLinear {
 public:
  /// `weight` (out, …) with the trailing dimensions flattened to `in`, `bias` (out).
  VitLinear(const at::Tensor& weight, const at::Tensor& bias);

  int64_t inputs() const;
  int64_t outputs() const;
  /// out (rows, outputs) = x (rows, inputs) weight^T, without the bias: whoever reads `out` next
  /// adds it.
  void apply(const float* x, int64_t rows, float* out) const;
  const float* bias() const;

 private:
  at::Tensor weight_;  // (in, out)
  at::Tensor bias_;    // (out)
};

}  // namespace physprobe

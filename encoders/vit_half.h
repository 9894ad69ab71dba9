#pragma once
// A matrix of weights in float16 and its product with float32 rows, for processors that multiply
// float16 at twice the pace of float32 (AVX512-FP16: Xeons since Sapphire Rapids). Internal.
//
// What is computed, exactly: weights and inputs are rounded to float16 (to nearest, ties to even);
// each run of kHalfChunk products along a row is summed in float16 from its first to its last, with
// one rounding per product (fused multiply-add); those sums are added in float32, first to last. A
// row's bits depend on its own numbers alone.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace physprobe {

/// Products summed in float16 before float32 takes over. At this length the error is seven tenths of
/// bfloat16's rounding (at 64 it is half of it, and the products take a twentieth longer). Part of
/// the cache key.
constexpr int64_t kHalfChunk = 128;

/// Whether this processor has float16 products and this build a loop for them.
bool has_half_products();

/// Throws Error(kUsage) that names `subject` and what else to use, unless has_half_products().
void require_half_products(const std::string& subject);

class HalfMatrix {
 public:
  HalfMatrix() = default;

  /// `weight` (out, in) float32. Throws Error(kUsage) where there are no float16 products, and
  /// Error(kIncompatible) when a weight is beyond float16's range.
  explicit HalfMatrix(const at::Tensor& weight);

  bool is_defined() const { return panels_.defined(); }

  /// out (rows, out) = x (rows, in) weight^T. Inputs beyond 65504 become infinite.
  void multiply(const float* x, int64_t rows, float* out) const;

 private:
  int64_t inputs_ = 0;
  int64_t outputs_ = 0;
  at::Tensor panels_;  // float16; panel after panel of kHalfColumns outputs, each (in, columns)
};

}  // namespace physprobe

#pragma once
// The matrix product of the transformer: BLAS on raw row-major buffers with leading dimensions, so
// that attention heads are read in place. Internal.

#include <cstdint>

namespace physprobe {

/// A read-only row-major matrix in a larger buffer.
struct MatrixView {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;  ///< Numbers from one row to the next.
};

/// out (rows of a, columns of b) = scale * a b; `out` is overwritten.
void multiply(
    const MatrixView& a, const MatrixView& b, float scale, float* out, int64_t out_stride);

/// out (rows of a, rows of b) = scale * a b^T; `out` is overwritten.
void multiply_transposed(
    const MatrixView& a, const MatrixView& b, float scale, float* out, int64_t out_stride);

}  // namespace physprobe

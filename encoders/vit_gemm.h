#pragma once
// The matrix product of the transformer, on raw row-major buffers with leading dimensions, so that
// attention heads are read in place. Internal.
//
// Two libraries can compute it. oneDNN is taken where LibTorch brings it along: it generates its
// kernels for the processor it meets, where OpenBLAS falls back to its oldest kernels on one that
// is younger than itself, and it is quicker on matrices as low as one image's tokens. The
// environment variable PHYSPROBE_PRODUCTS (onednn, blas) decides otherwise.

#include <cstdint>
#include <string>

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

/// What computes the products of this process, by PHYSPROBE_PRODUCTS: "oneDNN 2.6.3" or "BLAS".
const std::string& product_library();

/// What a value of PHYSPROBE_PRODUCTS chooses ("" = no value). Throws Error(kUsage) when it names
/// something else, or a library that is not there.
std::string product_library_for(const std::string& wanted);

}  // namespace physprobe

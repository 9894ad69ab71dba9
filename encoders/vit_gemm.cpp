#include "physprobe/encoders/vit_gemm.h"

// The C interface of BLAS, declared here because its header stands in other places for every
// implementation.
extern "C" {
enum PhysprobeCblasOrder { kPhysprobeRowMajor = 101 };
enum PhysprobeCblasTranspose { kPhysprobeNoTranspose = 111, kPhysprobeTranspose = 112 };
void cblas_sgemm(int order,
                 int transpose_a,
                 int transpose_b,
                 int m,
                 int n,
                 int k,
                 float alpha,
                 const float* a,
                 int lda,
                 const float* b,
                 int ldb,
                 float beta,
                 float* c,
                 int ldc);
}

namespace physprobe {

void multiply(
    const MatrixView& a, const MatrixView& b, float scale, float* out, int64_t out_stride) {
  cblas_sgemm(kPhysprobeRowMajor, kPhysprobeNoTranspose, kPhysprobeNoTranspose,
              static_cast<int>(a.rows), static_cast<int>(b.columns), static_cast<int>(a.columns),
              scale, a.data, static_cast<int>(a.stride), b.data, static_cast<int>(b.stride), 0.0F,
              out, static_cast<int>(out_stride));
}

void multiply_transposed(
    const MatrixView& a, const MatrixView& b, float scale, float* out, int64_t out_stride) {
  cblas_sgemm(kPhysprobeRowMajor, kPhysprobeNoTranspose, kPhysprobeTranspose,
              static_cast<int>(a.rows), static_cast<int>(b.rows), static_cast<int>(a.columns),
              scale, a.data, static_cast<int>(a.stride), b.data, static_cast<int>(b.stride), 0.0F,
              out, static_cast<int>(out_stride));
}

}  // namespace physprobe

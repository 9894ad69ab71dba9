#include "physprobe/encoders/vit_gemm.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <cstdlib>
#include <dlfcn.h>

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
namespace {

/// oneDNN's C interface, the same in its versions 2 and 3 (dnnl.h). Looked up in the process
/// instead of linked: LibTorch loads it or has it built in, where it cannot be reached.
using OneDnnSgemm = int (*)(char transpose_a,
                            char transpose_b,
                            int64_t m,
                            int64_t n,
                            int64_t k,
                            float alpha,
                            const float* a,
                            int64_t lda,
                            const float* b,
                            int64_t ldb,
                            float beta,
                            float* c,
                            int64_t ldc);
struct OneDnnVersion {
  int major;
  int minor;
  int patch;
};
using OneDnnVersionOf = const OneDnnVersion* (*)();

struct Products {
  OneDnnSgemm one_dnn = nullptr;  ///< nullptr: BLAS.
  std::string name = "BLAS";
};

const char* const kVariable = "PHYSPROBE_PRODUCTS";

// oneDNN generates kernels for x86-64; elsewhere its own product may be a plain loop.
#if defined(__x86_64__)
constexpr bool kPrefersOneDnn = true;
#else
constexpr bool kPrefersOneDnn = false;
#endif

Products choose(const std::string& wanted) {
  if (!wanted.empty() && wanted != "onednn" && wanted != "blas") {
    throw Error(ErrorKind::kUsage, kVariable,
                fmt::format("is '{}'; expected onednn, blas or nothing", wanted));
  }
  Products products;
  if (wanted == "blas" || (wanted.empty() && !kPrefersOneDnn)) return products;
  const auto sgemm = reinterpret_cast<OneDnnSgemm>(dlsym(RTLD_DEFAULT, "dnnl_sgemm"));
  const auto version = reinterpret_cast<OneDnnVersionOf>(dlsym(RTLD_DEFAULT, "dnnl_version"));
  if (sgemm != nullptr && version != nullptr) {
    products.one_dnn = sgemm;
    products.name =
        fmt::format("oneDNN {}.{}.{}", version()->major, version()->minor, version()->patch);
  } else if (wanted == "onednn") {
    throw Error(ErrorKind::kUsage, kVariable,
                "asks for oneDNN, which this LibTorch does not bring along as a library; unset it");
  }
  return products;
}

const Products& products() {
  static const Products chosen = [] {
    const char* const text = std::getenv(kVariable);
    return choose(text == nullptr ? "" : text);
  }();
  return chosen;
}

void product(const MatrixView& a,
             const MatrixView& b,
             bool is_b_transposed,
             float scale,
             float* out,
             int64_t out_stride) {
  const int64_t columns = is_b_transposed ? b.rows : b.columns;
  if (const OneDnnSgemm one_dnn = products().one_dnn) {
    const int status = one_dnn('N', is_b_transposed ? 'T' : 'N', a.rows, columns, a.columns, scale,
                               a.data, a.stride, b.data, b.stride, 0.0F, out, out_stride);
    if (status == 0) return;
    throw Error(ErrorKind::kInternal, products().name,
                fmt::format("refused a product of {}x{} and {}x{} (status {})", a.rows, a.columns,
                            a.columns, columns, status));
  }
  cblas_sgemm(kPhysprobeRowMajor, kPhysprobeNoTranspose,
              is_b_transposed ? kPhysprobeTranspose : kPhysprobeNoTranspose,
              static_cast<int>(a.rows), static_cast<int>(columns), static_cast<int>(a.columns),
              scale, a.data, static_cast<int>(a.stride), b.data, static_cast<int>(b.stride), 0.0F,
              out, static_cast<int>(out_stride));
}

}  // namespace

void multiply(
    const MatrixView& a, const MatrixView& b, float scale, float* out, int64_t out_stride) {
  product(a, b, false, scale, out, out_stride);
}

void multiply_transposed(
    const MatrixView& a, const MatrixView& b, float scale, float* out, int64_t out_stride) {
  product(a, b, true, scale, out, out_stride);
}

const std::string& product_library() {
  return products().name;
}

std::string product_library_for(const std::string& wanted) {
  return choose(wanted).name;
}

}  // namespace physprobe

#include "physprobe/encoders/v1_kernels.h"

namespace physprobe {

const V1Kernels* v1_kernels_for(VectorUnit unit) {
  if (!has_vector_unit(unit)) return nullptr;
#ifdef PHYSPROBE_HAS_X86_KERNELS
  if (unit == VectorUnit::kAvx512) return &v1_kernels_avx512();
  if (unit == VectorUnit::kAvx2) return &v1_kernels_avx2();
#endif
  return &v1_kernels_baseline();
}

const V1Kernels& v1_kernels() {
  static const V1Kernels& chosen =
      *v1_kernels_for(has_vector_unit(VectorUnit::kAvx512) ? VectorUnit::kAvx512
                      : has_vector_unit(VectorUnit::kAvx2) ? VectorUnit::kAvx2
                                                           : VectorUnit::kBaseline);
  return chosen;
}

}  // namespace physprobe

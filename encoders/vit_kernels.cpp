#include "physprobe/encoders/vit_kernels.h"

namespace physprobe {

const VitKernels* vit_kernels_for(VectorUnit unit) {
  if (!has_vector_unit(unit)) return nullptr;
#ifdef PHYSPROBE_HAS_X86_KERNELS
  if (unit == VectorUnit::kAvx512) return &vit_kernels_avx512();
  if (unit == VectorUnit::kAvx2) return &vit_kernels_avx2();
#endif
  return &vit_kernels_baseline();
}

const VitKernels& vit_kernels() {
  static const VitKernels& chosen =
      *vit_kernels_for(has_vector_unit(VectorUnit::kAvx512) ? VectorUnit::kAvx512
                       : has_vector_unit(VectorUnit::kAvx2) ? VectorUnit::kAvx2
                                                            : VectorUnit::kBaseline);
  return chosen;
}

}  // namespace physprobe

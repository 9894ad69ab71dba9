#include "physprobe/video/pixel_kernels.h"

namespace physprobe {

const PixelKernels* runnable_pixel_kernels(int rank) {
#ifdef PHYSPROBE_HAS_X86_KERNELS
  if (__builtin_cpu_supports("avx512f") && rank-- == 0) return &pixel_kernels_avx512();
  if (__builtin_cpu_supports("avx2") && rank-- == 0) return &pixel_kernels_avx2();
#endif
  return rank == 0 ? &pixel_kernels_baseline() : nullptr;
}

const PixelKernels& pixel_kernels() {
  static const PixelKernels& chosen = *runnable_pixel_kernels(0);
  return chosen;
}

}  // namespace physprobe

#include "physprobe/video/pixel_kernels.h"

namespace physprobe {

const PixelKernels& pixel_kernels() {
#ifdef PHYSPROBE_HAS_X86_KERNELS
  static const PixelKernels& chosen = __builtin_cpu_supports("avx512f") ? pixel_kernels_avx512()
                                      : __builtin_cpu_supports("avx2")  ? pixel_kernels_avx2()
                                                                        : pixel_kernels_baseline();
  return chosen;
#else
  return pixel_kernels_baseline();
#endif
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/motion_kernels.h"

namespace physprobe {

const MotionKernels& motion_kernels() {
#ifdef PHYSPROBE_HAS_X86_KERNELS
  static const MotionKernels& chosen =
      __builtin_cpu_supports("avx512bw")                                ? motion_kernels_avx512()
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? motion_kernels_avx2()
                                                                        : motion_kernels_baseline();
  return chosen;
#else
  return motion_kernels_baseline();
#endif
}

}  // namespace physprobe

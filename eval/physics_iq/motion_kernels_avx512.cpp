#define PHYSPROBE_KERNELS_FUNCTION motion_kernels_avx512
#define PHYSPROBE_KERNELS_NAME "avx512"
#include "physprobe/eval/physics_iq/motion_kernels.inc"

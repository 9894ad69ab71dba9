#define PHYSPROBE_KERNELS_FUNCTION motion_kernels_avx2
#define PHYSPROBE_KERNELS_NAME "avx2"
#include "physprobe/eval/physics_iq/motion_kernels.inc"

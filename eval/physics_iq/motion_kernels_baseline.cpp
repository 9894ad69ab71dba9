#define PHYSPROBE_KERNELS_FUNCTION motion_kernels_baseline
#define PHYSPROBE_KERNELS_NAME "baseline"
#include "physprobe/eval/physics_iq/motion_kernels.inc"

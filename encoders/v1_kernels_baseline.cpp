#define PHYSPROBE_KERNELS_FUNCTION v1_kernels_baseline
#define PHYSPROBE_KERNELS_NAME "baseline"
#include "physprobe/encoders/v1_kernels.inc"

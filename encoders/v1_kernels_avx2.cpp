#define PHYSPROBE_KERNELS_FUNCTION v1_kernels_avx2
#define PHYSPROBE_KERNELS_NAME "avx2"
#include "physprobe/encoders/v1_kernels.inc"

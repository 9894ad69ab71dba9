#define PHYSPROBE_KERNELS_FUNCTION v1_kernels_avx512
#define PHYSPROBE_KERNELS_NAME "avx512"
#include "physprobe/encoders/v1_kernels.inc"

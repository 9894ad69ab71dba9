#define PHYSPROBE_KERNELS_FUNCTION pixel_kernels_avx512
#define PHYSPROBE_KERNELS_NAME "avx512"
#include "physprobe/video/pixel_kernels.inc"

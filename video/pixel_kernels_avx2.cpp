#define PHYSPROBE_KERNELS_FUNCTION pixel_kernels_avx2
#define PHYSPROBE_KERNELS_NAME "avx2"
#include "physprobe/video/pixel_kernels.inc"

#define PHYSPROBE_KERNELS_FUNCTION pixel_kernels_baseline
#define PHYSPROBE_KERNELS_NAME "baseline"
#include "physprobe/video/pixel_kernels.inc"

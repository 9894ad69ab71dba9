#define PHYSPROBE_KERNELS_FUNCTION vit_kernels_baseline
#define PHYSPROBE_KERNELS_NAME "baseline"
#include "physprobe/encoders/vit_kernels.inc"

#define PHYSPROBE_KERNELS_FUNCTION vit_kernels_avx2
#define PHYSPROBE_KERNELS_NAME "avx2"
#include "physprobe/encoders/vit_kernels.inc"

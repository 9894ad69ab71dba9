#define PHYSPROBE_KERNELS_FUNCTION vit_kernels_avx512
#define PHYSPROBE_KERNELS_NAME "avx512"
#include "physprobe/encoders/vit_kernels.inc"

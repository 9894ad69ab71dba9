#include "physprobe/encoders/vector_unit.h"

namespace physprobe {

bool has_vector_unit(VectorUnit unit) {
  if (unit == VectorUnit::kBaseline) return true;
#ifdef PHYSPROBE_HAS_X86_KERNELS
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (unit == VectorUnit::kAvx2) return has_avx2;
  return has_avx2 && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
#else
  return false;
#endif
}

const char* vector_unit_name(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return "avx512";
  return unit == VectorUnit::kAvx2 ? "avx2" : "baseline";
}

}  // namespace physprobe

#pragma once
// The vector units that innermost loops are compiled for, and which of them this CPU has. Internal.

namespace physprobe {

enum class VectorUnit {
  kBaseline,  ///< What the compiler's default target has.
  kAvx2,      ///< AVX2 and FMA.
  kAvx512,    ///< AVX-512 F, BW, DQ and VL, AVX2 and FMA.
};

/// Whether this CPU has the unit and this build has loops for it.
bool has_vector_unit(VectorUnit unit);

/// "baseline", "avx2" or "avx512".
const char* vector_unit_name(VectorUnit unit);

}  // namespace physprobe

#pragma once
// Recognises V-JEPA's fixed position table: its grid is in no name or shape, but in its numbers.
// Internal.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace physprobe {

struct SincosTable {
  int64_t steps = 0;
  int64_t side = 0;  ///< Rows and columns.
  bool is_uniform = true;
};

/// The grid of which `table` (1, N, D) or (N, D) float32 is the code (vit_position.h), to what
/// half-precision numbers can tell; nullopt when it is none: trained, or left over and unused.
std::optional<SincosTable> recognise_sincos(const at::Tensor& table);

}  // namespace physprobe

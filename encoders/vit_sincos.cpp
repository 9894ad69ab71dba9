#include "physprobe/encoders/vit_sincos.h"

#include "physprobe/encoders/vit_position.h"

#include <ATen/ATen.h>

namespace physprobe {
namespace {

constexpr double kHalfPrecision = 1e-3;  // twice the spacing of float16 just below 1

bool is_code(const at::Tensor& rows, int64_t steps, int64_t side, bool is_uniform) {
  const at::Tensor code = sincos_positions(steps, side, side, rows.size(1), is_uniform);
  return (rows - code).abs().max().item<double>() <= kHalfPrecision;
}

}  // namespace

std::optional<SincosTable> recognise_sincos(const at::Tensor& table) {
  const at::Tensor rows = table.reshape({-1, table.size(-1)});
  const int64_t count = rows.size(0);
  // At place (0, 0, 0) every sine is 0 and every cosine 1, whatever the grid.
  const at::Tensor origin = rows[0];
  if (((origin * (origin - 1.0)).abs() > kHalfPrecision).any().item<bool>()) return std::nullopt;
  for (int64_t side = 1; side * side <= count; ++side) {
    if (count % (side * side) != 0) continue;
    for (const bool is_uniform : {true, false}) {
      const SincosTable found = {count / (side * side), side, is_uniform};
      if (is_code(rows, found.steps, side, is_uniform)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace physprobe

#include "physprobe/encoders/vit_half.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/vector_unit.h"
#include "physprobe/encoders/vit_half_kernel.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>
#ifdef PHYSPROBE_HAS_HALF_KERNEL
#include <cpuid.h>
#endif

namespace physprobe {
namespace {

constexpr int64_t kDepth =
    1024;  // inputs at a time: a panel's part stays in the second-level cache
constexpr int64_t kRowBlock = 22 * kHalfRows;  // rows at a time: their pairs do as well
static_assert(kDepth % kHalfChunk == 0, "chunks must not depend on how inputs are blocked");

bool processor_has_half_products() {
#ifdef PHYSPROBE_HAS_HALF_KERNEL
  // Not by __builtin_cpu_supports, which clang 14 does not know this name for.
  constexpr unsigned kFeatures = 7;
  constexpr unsigned kHalfBit = 1U << 23U;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return has_vector_unit(VectorUnit::kAvx512) && __get_cpuid_count(kFeatures, 0, &a, &b, &c, &d) &&
         (d & kHalfBit) != 0;
#else
  return false;
#endif
}

}  // namespace

bool has_half_products() {
  static const bool has = processor_has_half_products();
  return has;
}

void require_half_products(const std::string& subject) {
  if (has_half_products()) return;
  throw Error(ErrorKind::kUsage, subject,
              "float16 is computed where the processor multiplies it (AVX512-FP16), which this one "
              "or this build does not; use float32, or bfloat16 where `physprobe bench --only "
              "encoder` says that it gains");
}

HalfMatrix::HalfMatrix(const at::Tensor& weight)
    : inputs_(weight.size(1)), outputs_(weight.size(0)) {
  require_half_products("dtype");
  const int64_t panels = (outputs_ + kHalfColumns - 1) / kHalfColumns;
  const at::Tensor rounded = weight.to(at::kHalf);
  if (!at::isfinite(rounded).all().item<bool>()) {
    throw Error(ErrorKind::kIncompatible, "dtype",
                "float16 cannot hold the weights, one of which is beyond 65504; use float32");
  }
  panels_ = at::zeros({panels, inputs_, kHalfColumns}, at::kHalf);
  for (int64_t panel = 0; panel < panels; ++panel) {
    const int64_t first = panel * kHalfColumns;
    const int64_t count = std::min(kHalfColumns, outputs_ - first);
    panels_[panel].narrow(1, 0, count).copy_(rounded.narrow(0, first, count).t());
  }
}

void HalfMatrix::multiply(const float* x, int64_t rows, float* out) const {
#ifdef PHYSPROBE_HAS_HALF_KERNEL
  thread_local std::vector<int32_t> pairs(static_cast<std::size_t>(kRowBlock * kDepth));
  const auto* panels = static_cast<const uint16_t*>(panels_.data_ptr());
  for (int64_t top = 0; top < rows; top += kRowBlock) {
    const int64_t block = std::min(kRowBlock, rows - top);
    for (int64_t start = 0; start < inputs_; start += kDepth) {
      const int64_t depth = std::min(kDepth, inputs_ - start);
      for (int64_t row = 0; row < block; row += kHalfRows) {
        half_pairs_avx512fp16(x + (top + row) * inputs_ + start, inputs_,
                              std::min(kHalfRows, block - row), depth, pairs.data() + row * depth);
      }
      // Each tile asks for its share of the next panel.
      constexpr int64_t kInputBytes = kHalfColumns * static_cast<int64_t>(sizeof(uint16_t));
      const int64_t tiles = (block + kHalfRows - 1) / kHalfRows;
      const int64_t fetch_step = (kInputBytes + tiles - 1) / tiles;
      for (int64_t column = 0; column < outputs_; column += kHalfColumns) {
        const uint16_t* panel = panels + column * inputs_ + start * kHalfColumns;
        const uint16_t* next =
            column + kHalfColumns < outputs_ ? panel + inputs_ * kHalfColumns : panel;
        for (int64_t row = 0; row < block; row += kHalfRows) {
          const HalfFetch fetch = {reinterpret_cast<uintptr_t>(next) +
                                       static_cast<uintptr_t>(row / kHalfRows * depth * fetch_step),
                                   fetch_step};
          half_tile_avx512fp16(pairs.data() + row * depth, std::min(kHalfRows, block - row), panel,
                               depth, kHalfChunk, fetch,
                               {out + (top + row) * outputs_ + column, outputs_,
                                std::min(kHalfColumns, outputs_ - column), start > 0});
        }
      }
    }
  }
#else
  static_cast<void>(x);
  static_cast<void>(rows);
  static_cast<void>(out);
  require_half_products("dtype");
#endif
}

}  // namespace physprobe

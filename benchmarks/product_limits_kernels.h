#pragma once
// Loops of independent products, each compiled for its instructions. Internal.

#include <cstdint>

namespace physprobe {

constexpr int64_t kProductChains = 24;  ///< Enough to hide the latency of every unit.

/// Each adds and takes away products in turns, kProductChains * `rounds` instructions, and returns
/// the sum of all lanes: exactly `lanes * kProductChains` times one product if `rounds` is odd.
double float32_products(int64_t rounds);   // 16 lanes of 1 * 1
double bfloat16_products(int64_t rounds);  // 16 lanes of 1 * 1 + 1 * 1
double float16_products(int64_t rounds);   // 32 lanes of 1 * 1

}  // namespace physprobe

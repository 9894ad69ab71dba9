#include "physprobe/core/rng.h"

#include "physprobe/core/hashing.h"

#include <cmath>
#include <numeric>
#include <string>
#include <utility>

namespace physprobe {

Rng::Rng(uint64_t seed) {
  // splitmix64 (Steele, Lea and Flood 2014) spreads one word over the state, which is never all
  // zero.
  for (uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15ULL;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    word = mixed ^ (mixed >> 31);
  }
}

double Rng::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // 1 - u is in (0, 1]
  const double angle = kTwoPi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::vector<int64_t> Rng::permutation(int64_t n) {
  std::vector<int64_t> order(static_cast<std::size_t>(n > 0 ? n : 0));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
  return order;
}

uint64_t derive_seed(uint64_t seed, const char* purpose) {
  const std::string digest = sha256_hex(std::to_string(seed) + ":" + purpose);
  return std::stoull(digest.substr(0, 16), nullptr, 16);
}

}  // namespace physprobe

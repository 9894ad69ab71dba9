#pragma once
// Explicitly seeded random numbers whose sequence is fixed by this file, not by a standard library.

#include <cstdint>
#include <vector>

namespace physprobe {

/// xoshiro256** seeded through splitmix64 (Blackman and Vigna 2018). One generator per purpose.
class Rng {
 public:
  explicit Rng(uint64_t seed);
  uint64_t next() {
    const uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate_left(state_[3], 45);
    return result;
  }
  /// Uniform integer in [0, bound), unbiased (multiply and reject, Lemire 2019). `bound` > 0.
  uint64_t below(uint64_t bound) {
    Wide product = static_cast<Wide>(next()) * bound;
    if (static_cast<uint64_t>(product) < bound) {
      const uint64_t threshold = (0 - bound) % bound;
      while (static_cast<uint64_t>(product) < threshold) {
        product = static_cast<Wide>(next()) * bound;
      }
    }
    return static_cast<uint64_t>(product >> 64);
  }
  /// Uniform double in [0, 1) with 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Standard normal (Box-Muller).
  double normal();
  /// Fisher-Yates permutation of 0..n-1; empty for n <= 0.
  std::vector<int64_t> permutation(int64_t n);

 private:
  __extension__ typedef unsigned __int128 Wide;
  static uint64_t rotate_left(uint64_t value, int bits) {
    return (value << bits) | (value >> (64 - bits));
  }

  uint64_t state_[4];
  bool has_spare_ = false;
  double spare_ = 0.0;
};

/// A seed for a named purpose derived from a run's seed: SHA-256 of both, first 8 bytes.
uint64_t derive_seed(uint64_t seed, const char* purpose);

}  // namespace physprobe

#pragma once
// Explicitly seeded random numbers whose sequence is fixed by this file, not by a standard library.

#include <cstdint>
#include <vector>

namespace physprobe {

/// xoshiro256** seeded through splitmix64 (Blackman and Vigna 2018). One generator per purpose.
class Rng {
 public:
  explicit Rng(uint64_t seed);
  uint64_t next();
  /// Uniform integer in [0, bound), unbiased (rejection). `bound` > 0.
  uint64_t below(uint64_t bound);
  /// Uniform double in [0, 1) with 53 random bits.
  double uniform();
  /// Standard normal (Box-Muller).
  double normal();
  /// Fisher-Yates permutation of 0..n-1.
  std::vector<int64_t> permutation(int64_t n);

 private:
  uint64_t state_[4];
  bool has_spare_ = false;
  double spare_ = 0.0;
};

/// A seed for a named purpose derived from a run's seed: SHA-256 of both, first 8 bytes.
uint64_t derive_seed(uint64_t seed, const char* purpose);

}  // namespace physprobe

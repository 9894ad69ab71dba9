#pragma once
// Best-of-N with GeoPhys as the verifier: of the candidate videos generated for one scenario, keep
// the one whose statistics are least irregular within its pool. The published rule is not known;
// each reading is named.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace physprobe {

struct BestOfNOptions {
  enum class Rule {
    kSumZ,  ///< Sum over statistics of (u - pool mean) / pool population sd; a constant statistic
            ///< counts 0.
    kSumRank,  ///< Sum of average ranks, from 1.
    kSumLog,   ///< Sum of natural logarithms.
    kSingle,   ///< One statistic alone.
  } rule = Rule::kSumZ;
  int64_t statistic = 0;  ///< Column used by kSingle.
};

struct BestOfNChoice {
  int64_t candidate = 0;  ///< Lowest value, the lowest index of equals; 0 if all are out.
  bool all_out = false;
  std::vector<std::optional<double>>
      value;  ///< Per candidate; nullopt = out, a statistic being undefined.
};

/// `statistics` (candidates, statistics) of one pool, NaN = undefined. Throws Error(kInput) for
/// another shape or type, an infinite value, or a negative one under kSumLog; Error(kUsage) for a
/// column outside.
BestOfNChoice best_of_n(const at::Tensor& statistics, const BestOfNOptions& options = {});

/// What choosing was worth over scenarios.
struct BestOfNGain {
  double chosen = 0.0;  ///< Mean quality of the chosen candidates.
  double random = 0.0;  ///< Expected quality of a random candidate: the baseline of any verifier.
  double first = 0.0;   ///< Mean quality of candidate 0.
  double oracle = 0.0;  ///< Mean of the best candidate's quality.
  double gap_closed =
      0.0;  ///< (chosen - random) / (oracle - random); NaN if nothing separates them.
};

/// `quality` (scenarios, candidates), `chosen` one candidate per scenario. Throws Error(kInput) for
/// shapes that do not fit, a non-finite quality or a candidate outside.
BestOfNGain best_of_n_gain(const at::Tensor& quality, const std::vector<int64_t>& chosen);

}  // namespace physprobe

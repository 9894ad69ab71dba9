#pragma once
// GeoPhys' choice of the readout layer: it uses labels, so the pairs that choose must not be
// scored; the optimistic number that scores them anyway is computed too, to show what selection is
// worth.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace physprobe {

struct ReadoutChoice {
  std::vector<double>
      gap;            ///< Per layer: mean over held-out pairs of curv(violated) - curv(plausible).
  int64_t layer = 0;  ///< Largest gap, the lowest layer of equals.
  int64_t n_held_out = 0;         ///< Pairs that chose the layer.
  int64_t n_scored = 0;           ///< The others.
  double accuracy_on_rest = 0.0;  ///< Share of the scored pairs with a larger value when violated,
                                  ///< ties 1/2; NaN for none.
  int64_t optimistic_layer = 0;   ///< Chosen on all pairs.
  double optimistic_accuracy =
      0.0;  ///< All pairs scored at the layer they chose: selection, not a result.
};

/// `curvature` (layers, pairs, 2), the last axis (plausible, violated), floating; `held_out` are
/// pair indices. Throws Error(kInput) for another shape, a non-finite value (leave undefined pairs
/// out), no or repeated held-out pairs, or an index outside.
ReadoutChoice choose_readout(const at::Tensor& curvature, const std::vector<int64_t>& held_out);

}  // namespace physprobe

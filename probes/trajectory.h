#pragma once
// Geometry of a trajectory of embeddings (Henaff et al. 2019; Interno et al. 2025): the accumulator that eval feeds frame by
// frame, so that trajectories are never stored, and the same over a (T, D) tensor.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace physprobe {

/// Steps and turning of a trajectory z_0 … z_{T-1}; sums in double, fixed order.
struct TrajectoryGeometry {
  std::vector<double> distance;  ///< T-1: ||z_{t+1} - z_t||_2, raw units.
  std::vector<double> cosine;    ///< T-2: cosine between consecutive steps, each norm floored at 1e-8 (straightening.md 1).
  std::vector<double> henaff_cosine;  ///< T-2: with divisor ||.|| + 1e-8 (Henaff et al. reference code).
  double chord = 0.0;            ///< ||z_{T-1} - z_0||; NaN for T < 2.
  int64_t n_frames = 0;          ///< T.
  int64_t n_zero_steps = 0;      ///< Steps of length exactly 0.
};

/// Keeps the first and last vector and the last displacement; O(D) memory whatever T is.
class TrajectoryAccumulator {
 public:
  TrajectoryAccumulator();
  ~TrajectoryAccumulator();
  TrajectoryAccumulator(TrajectoryAccumulator&&) noexcept;
  TrajectoryAccumulator& operator=(TrajectoryAccumulator&&) noexcept;

  /// Next vector, any shape with D elements, float32 or float64. Throws Error(kInput) for a non-finite value or another D.
  void add(const at::Tensor& vector);
  /// The same frame shown again: a step of exactly 0 (the repeated-frame rule; no rounding noise).
  void repeat();
  TrajectoryGeometry finish() const;

 private:
  struct State;
  State* state_;
};

/// The accumulator run over the rows of (T, D).
TrajectoryGeometry trajectory_geometry(const at::Tensor& trajectory);

/// (T, T) float64: ||z_i - z_j||, differences taken directly. For orders other than the natural one.
at::Tensor pairwise_distances(const at::Tensor& trajectory, int threads = 0);

/// Geometry of the trajectory visited in another order, from pairwise distances alone.
TrajectoryGeometry geometry_in_order(const at::Tensor& distances, const std::vector<int64_t>& order);

}  // namespace physprobe

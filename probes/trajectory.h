#pragma once
// Geometry of a trajectory of embeddings (Henaff et al. 2019; Interno et al. 2025): the accumulator
// that eval feeds frame by frame, so that trajectories are never stored, and the same over a (T, D)
// tensor.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace physprobe {

/// Steps and turning of a trajectory z_0 … z_{T-1}; sums in double, fixed order. A step is "live"
/// when it is longer than 0. Differences of float64 input up to 1e-150, whose squares vanish, count
/// as none.
struct TrajectoryGeometry {
  std::vector<double> distance;  ///< T-1: ||z_{t+1} - z_t||_2, raw units.
  /// T-2: cosine between consecutive steps, each norm floored at 1e-8; 0 beside a step of length 0.
  std::vector<double> cosine;
  std::vector<double>
      henaff_cosine;  ///< T-2: with divisor ||.|| + 1e-8 (Henaff et al. reference code).
  /// Cosines between each live step and the live step before it, repeated frames left out: one
  /// fewer than the live steps. Equal to `cosine` and `henaff_cosine` when n_zero_steps is 0.
  std::vector<double> live_cosine;
  std::vector<double> live_henaff_cosine;
  double chord = 0.0;        ///< ||z_{T-1} - z_0||; NaN for T < 2.
  int64_t n_frames = 0;      ///< T.
  int64_t n_zero_steps = 0;  ///< Steps of length exactly 0.
};

/// Keeps the first vector and the last two distinct ones; O(D) memory whatever T is. One pass over
/// memory per vector. The bits of the result depend on the values alone.
class TrajectoryAccumulator {
 public:
  TrajectoryAccumulator();
  ~TrajectoryAccumulator();
  TrajectoryAccumulator(TrajectoryAccumulator&&) noexcept;
  TrajectoryAccumulator& operator=(TrajectoryAccumulator&&) noexcept;

  /// Next vector, any shape with D elements, of a floating type (float16 and bfloat16 are read as
  /// float32, exactly). Throws Error(kInput) for a non-finite value, another D, another type than
  /// the first vector's, or float64 values whose squares overflow; the accumulator then refuses
  /// further use.
  void add(const at::Tensor& vector);
  /// The same frame shown again: a step of exactly 0 (the repeated-frame rule; no rounding noise).
  /// Throws Error(kInternal) before the first `add`.
  void repeat();
  /// What has been added so far; more may follow.
  TrajectoryGeometry finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The accumulator run over the rows of (T, D). Throws Error(kInput) as `add` does, naming the
/// frame.
TrajectoryGeometry trajectory_geometry(const at::Tensor& trajectory);

/// (T, T) float64: ||z_i - z_j||, differences taken directly; entry (t, t+1) has the bits of
/// `distance[t]`. Same bits for any number of `threads` (0 = all).
at::Tensor pairwise_distances(const at::Tensor& trajectory, int threads = 0);

/// Geometry of the trajectory visited in another order, from pairwise distances alone: the dot
/// product of two steps is (d02^2 - d01^2 - d12^2) / 2, so a cosine carries an error of about 1e-15
/// times the larger ratio of the two step lengths. `order` may leave frames out or repeat them.
/// Throws Error(kInput) if `distances` is not (T, T) float64, or an index lies outside it.
TrajectoryGeometry geometry_in_order(const at::Tensor& distances,
                                     const std::vector<int64_t>& order);

}  // namespace physprobe

#include "physprobe/probes/trajectory.h"

#include "physprobe/core/error.h"
#include "physprobe/probes/embedding_rows.h"
#include "physprobe/probes/step_kernel.h"
#include "physprobe/probes/turning.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <string>
#include <variant>

namespace physprobe {
namespace {

[[noreturn]] void fail(int64_t frame, const std::string& message) {
  throw Error(ErrorKind::kInput, "frame " + std::to_string(frame), message);
}

/// Largest difference that does not count as motion: its square must not vanish.
template <typename T>
constexpr double kStill = 0.0;
template <>
constexpr double kStill<double> = 1e-150;

/// Leaves at the first difference, so that distinct frames cost a cache line; NaN counts as
/// different.
template <typename T>
bool is_same(const T* x, const T* y, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    if (!(std::abs(difference) <= kStill<T>)) return false;
  }
  return true;
}

template <typename T>
void require_finite(const T* x, int64_t size, int64_t frame) {
  double probe = 0.0;
  for (int64_t i = 0; i < size; ++i) probe += static_cast<double>(x[i]) * 0.0;
  if (probe == 0.0) return;
  for (int64_t i = 0; i < size; ++i) {
    if (!std::isfinite(x[i])) {
      fail(frame, "value " + std::to_string(i) + " of " + std::to_string(size) + " is " +
                      (std::isnan(x[i]) ? "NaN" : "infinite") +
                      ", expected finite numbers; the encoder or its input is at fault");
    }
  }
}

/// The vectors of one trajectory in the type they came in.
template <typename T>
struct Walk {
  std::vector<T> first;
  std::vector<T> last;    ///< The frame shown last.
  std::vector<T> before;  ///< The last frame that differed from `last`; equal to it before the
                          ///< first live step.

  void begin(const T* x, int64_t size) {
    require_finite(x, size, 0);
    first.assign(x, x + size);
    last = first;
    before = first;
  }

  void advance(const T* x, int64_t frame, TurningRecorder& recorder) {
    const int64_t size = static_cast<int64_t>(last.size());
    if (is_same(x, last.data(), size)) {
      recorder.add_zero_step();
      return;
    }
    const auto sums = step_kernel::advance(x, last.data(), before.data(), size);
    if (!std::isfinite(sums.squared_length) || !std::isfinite(sums.dot)) {
      require_finite(x, size, frame);
      fail(frame, "the squared length of the step overflows float64; rescale the embedding");
    }
    std::swap(last, before);
    recorder.add_live_step(std::sqrt(sums.squared_length), sums.dot);
  }

  double chord() const {
    return std::sqrt(step_kernel::squared_distance(first.data(), last.data(),
                                                   static_cast<int64_t>(first.size())));
  }
};

}  // namespace

struct TrajectoryAccumulator::State {
  std::variant<std::monostate, Walk<float>, Walk<double>> walk;
  at::ScalarType type = at::kFloat;
  int64_t size = 0;
  int64_t n_frames = 0;
  bool failed = false;
  TurningRecorder recorder;

  void add(const at::Tensor& vector) {
    const at::Tensor row = embedding_values(vector, "frame " + std::to_string(n_frames));
    if (row.numel() == 0) fail(n_frames, "the embedding has no elements");
    if (n_frames == 0) {
      type = row.scalar_type();
      size = row.numel();
      if (type == at::kDouble) {
        walk.emplace<Walk<double>>().begin(row.data_ptr<double>(), size);
      } else {
        walk.emplace<Walk<float>>().begin(row.data_ptr<float>(), size);
      }
    } else {
      if (row.numel() != size) {
        fail(n_frames, "the embedding has " + std::to_string(row.numel()) + " elements, expected " +
                           std::to_string(size) + " as in the frames before");
      }
      if (row.scalar_type() != type) {
        fail(n_frames, std::string("the embedding is ") + c10::toString(row.scalar_type()) +
                           ", expected " + c10::toString(type) + " as in the frames before");
      }
      if (type == at::kDouble) {
        std::get<Walk<double>>(walk).advance(row.data_ptr<double>(), n_frames, recorder);
      } else {
        std::get<Walk<float>>(walk).advance(row.data_ptr<float>(), n_frames, recorder);
      }
    }
    ++n_frames;
  }

  double chord() const {
    if (n_frames < 2) return std::numeric_limits<double>::quiet_NaN();
    const double length = type == at::kDouble ? std::get<Walk<double>>(walk).chord()
                                              : std::get<Walk<float>>(walk).chord();
    if (!std::isfinite(length)) {
      fail(n_frames - 1, "the squared chord overflows float64; rescale the embedding");
    }
    return length;
  }

  void require_usable() const {
    if (failed) {
      throw Error(ErrorKind::kInternal, "trajectory",
                  "used after a frame was refused; start a new accumulator");
    }
  }
};

TrajectoryAccumulator::TrajectoryAccumulator() : state_(std::make_unique<State>()) {}
TrajectoryAccumulator::~TrajectoryAccumulator() = default;
TrajectoryAccumulator::TrajectoryAccumulator(TrajectoryAccumulator&&) noexcept = default;
TrajectoryAccumulator& TrajectoryAccumulator::operator=(TrajectoryAccumulator&&) noexcept = default;

void TrajectoryAccumulator::add(const at::Tensor& vector) {
  state_->require_usable();
  state_->failed = true;  // a refused frame leaves a gap, which must not pass for a step
  state_->add(vector);
  state_->failed = false;
}

void TrajectoryAccumulator::repeat() {
  state_->require_usable();
  if (state_->n_frames == 0) {
    throw Error(ErrorKind::kInternal, "trajectory", "repeat() before the first frame was added");
  }
  state_->recorder.add_zero_step();
  ++state_->n_frames;
}

TrajectoryGeometry TrajectoryAccumulator::finish() const {
  state_->require_usable();
  TrajectoryGeometry geometry = state_->recorder.geometry;
  geometry.n_frames = state_->n_frames;
  geometry.chord = state_->chord();
  return geometry;
}

TrajectoryGeometry trajectory_geometry(const at::Tensor& trajectory) {
  const at::Tensor rows = embedding_rows(trajectory, "trajectory");
  TrajectoryAccumulator accumulator;
  for (int64_t t = 0; t < rows.size(0); ++t) accumulator.add(rows[t]);
  return accumulator.finish();
}

}  // namespace physprobe

#pragma once
// The first rendered world: textured objects moving smoothly over a textured ground in a square
// frame, drawn antialiased in float; and for each clip a twin with the same frames in shuffled
// order.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct MovingObjectsOptions {
  int64_t size = 256;  ///< Side of the square frame, pixels.
  int64_t frames = 24;
  double fps = 24.0;
  int64_t objects = 3;
  void validate() const;
};

/// Frames (T, S, S, 3) uint8 RGB of clip `index` of the world seeded by `seed`: a pure function of
/// its arguments.
at::Tensor render_moving_objects(uint64_t seed, int64_t index, const MovingObjectsOptions& options);

/// Order of the shuffled twin's frames: a permutation of 0..T-1 without two neighbours that were
/// neighbours.
std::vector<int64_t> shuffled_order(uint64_t seed, int64_t index, int64_t frames);

}  // namespace physprobe

#pragma once
// The first rendered world: textured objects moving smoothly over a textured ground in a square
// frame, drawn antialiased in float; and for each clip a twin with the same frames in shuffled
// order.
//
// Discs, squares and ellipses of 34 to 54 pixels' radius (at 256x256) glide on straight paths
// at 1.5 to 3.5 pixels a frame (at 24 fps), reflected at the frame's edges, while they turn and
// swell slowly; the camera and the ground stand still, and nearer objects hide farther ones.
// Textures have equal variance per octave from 64 down to 4 pixels, as natural surfaces do. These
// numbers were chosen before any curvature was measured, from what makes pixels bend: a step of a
// few pixels is long against the finest grain and short against the coarsest, so that neighbouring
// steps share part of their difference, as in natural video. Measured (12 clips of seed 7, luma,
// 256x256, before compression): pixels 74, v1 44 degrees, v1 straighter in 12 of 12; float fades
// between the end frames 0.00 and 7.0 degrees. Natural movies of the literature: 83 and 58; fades
// 0.01 and 18.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// What happens to the front object that no object does: from one frame on it is gone, or it goes
/// on from the point opposite to where it was.
struct ObjectViolation {
  enum class Kind { kNone, kVanish, kJump } kind = Kind::kNone;
  int64_t frame = 0;  ///< The first one that shows it.
};

struct MovingObjectsOptions {
  int64_t size = 256;  ///< Side of the square frame, pixels.
  int64_t frames = 24;
  double fps = 24.0;
  int64_t objects = 3;
  ObjectViolation violation;
  /// Throws Error(kUsage): size 32..4096, frames from 4, fps 1..1000, objects 1..16.
  void validate() const;
};

/// Frames (T, S, S, 3) uint8 RGB of clip `index` of the world seeded by `seed`: a pure function of
/// its arguments, on one thread. Motion is a function of time: at twice the fps every second frame
/// is the same. Throws Error(kUsage) for options out of range and a negative index.
at::Tensor render_moving_objects(uint64_t seed, int64_t index, const MovingObjectsOptions& options);

/// The frame of the middle third in which the front object is farthest from the frame's centre:
/// where a violation shows best. Errors as above.
int64_t violation_frame(uint64_t seed, int64_t index, const MovingObjectsOptions& options);

/// Order of the shuffled twin's frames: a permutation of 0..T-1 without two neighbours that were
/// neighbours. Throws Error(kUsage) for 2 and 3 frames, which have no such order.
std::vector<int64_t> shuffled_order(uint64_t seed, int64_t index, int64_t frames);

}  // namespace physprobe

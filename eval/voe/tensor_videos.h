#pragma once
// Videos given as tensors instead of files: decoded frames, or frames preprocessed already.

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace physprobe {

struct TensorVideo {
  std::string id;     ///< The array's name, followed by its row where it holds several videos.
  at::Tensor frames;  ///< (T, H, W, 3) uint8 RGB, or (T, C, H, W) float32.
  bool is_preprocessed =
      false;  ///< float32: as the model takes them, nothing is resized or scaled.
};

/// `given` is PATH:ARRAY, or PATH of a file with one such array, of any format of named arrays
/// (memory/array_source.h). uint8: (T, H, W, 3) or (T, 3, H, W), decoded. Floating: (C, T, H, W) or
/// (T, C, H, W) with C of 3 or 1. One more dimension in front: several videos. Throws Error(kInput)
/// naming what was found; also when both readings of a floating array are possible.
std::vector<TensorVideo> read_tensor_videos(const std::string& given);

}  // namespace physprobe

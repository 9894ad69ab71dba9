#include "physprobe/encoders/pixel_tap.h"

#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/thumbnail.h"

#include <ATen/ATen.h>

namespace physprobe {

int64_t channel_count(const PreprocessSpec& spec) {
  return spec.colour == ColourRule::kLuma ? 1 : 3;
}

int64_t pixel_tap_width(const PreprocessSpec& spec) {
  const auto size = fixed_frame_size(spec);
  return size ? channel_count(spec) * size->first * size->second : 0;
}

TapOutput pixel_tap(const at::Tensor& frames, bool keep_tokens, int threads) {
  const int64_t batch = frames.size(0);
  const int64_t steps = frames.size(1);
  const int64_t channels = frames.size(2);
  const int64_t frame_size = channels * frames.size(3) * frames.size(4);
  const int64_t thumbnail_size = channels * kThumbnailSide * kThumbnailSide;
  TapOutput output;
  output.name = "pixel";
  output.grid_height = 1;
  output.grid_width = 1;
  output.pooled = at::empty({batch, steps, thumbnail_size}, at::kFloat);
  output.patch_mean = output.pooled;
  // A copy: the caller may reuse its buffer for the next batch.
  if (keep_tokens) output.tokens = frames.reshape({batch, steps, 1, frame_size}).clone();
  const float* from = frames.data_ptr<float>();
  float* to = output.pooled.data_ptr<float>();
  parallel_for(batch * steps, threads, [&](int64_t i) {
    area_thumbnail(from + i * frame_size, channels, frames.size(3), frames.size(4),
                   to + i * thumbnail_size);
  });
  return output;
}

}  // namespace physprobe

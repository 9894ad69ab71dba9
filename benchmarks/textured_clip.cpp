#include "physprobe/benchmarks/textured_clip.h"

#include "physprobe/datasets/worlds/moving_objects.h"
#include "physprobe/video/resample.h"
#include "physprobe/video/video_writer.h"

#include <ATen/ATen.h>

namespace physprobe {

void write_textured_clip(const std::string& path, int64_t width, int64_t height, int64_t frames) {
  const at::Tensor scene = render_moving_objects(1, 0, {});
  VideoWriterOptions options;
  options.fps = 30.0;
  const auto writer = VideoWriter::open(path, width, height, options);
  const int64_t period = 2 * (scene.size(0) - 1);
  for (int64_t i = 0; i < frames; ++i) {
    const int64_t phase = i % period;
    const int64_t source = phase < scene.size(0) ? phase : period - phase;
    writer->write(resize_pillow(scene[source], height, width, ResampleFilter::kBicubic));
  }
  writer->close();
}

}  // namespace physprobe

#include "physprobe/video/preprocess.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/video/opencv_resize.h"
#include "physprobe/video/pixel_kernels.h"
#include "physprobe/video/resample_passes.h"
#include "physprobe/video/resample_taps.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <vector>

namespace physprobe {
namespace {

/// Where the result lies: a rectangle cut from the frame, resized, of which a rectangle is kept.
struct Geometry {
  int64_t source_top = 0;
  int64_t source_left = 0;
  int64_t source_height = 0;
  int64_t source_width = 0;
  int64_t resized_height = 0;
  int64_t resized_width = 0;
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};

int64_t crop_begin(int64_t size, int64_t crop, CropOffset rule) {
  const int64_t rest = size - crop;
  if (rule == CropOffset::kFloor || rest % 2 == 0) return rest / 2;
  const int64_t floor = rest / 2;
  return floor + floor % 2;  // a half rounds to the even neighbour
}

Geometry plan(int64_t height, int64_t width, const PreprocessSpec& spec) {
  Geometry geometry;
  geometry.source_height = height;
  geometry.source_width = width;
  switch (spec.resize) {
    case ResizeRule::kNone:
      geometry.resized_height = height;
      geometry.resized_width = width;
      break;
    case ResizeRule::kSquash:
      geometry.resized_height = spec.height;
      geometry.resized_width = spec.width;
      break;
    case ResizeRule::kShortSide:
      geometry.resized_height = height <= width ? spec.height : spec.height * height / width;
      geometry.resized_width = height <= width ? spec.height * width / height : spec.height;
      break;
    case ResizeRule::kBoundedSquash:
      geometry.source_height = std::min(height, 2 * width);
      geometry.source_width = std::min(width, 2 * height);
      geometry.source_top = crop_begin(height, geometry.source_height, spec.crop_offset);
      geometry.source_left = crop_begin(width, geometry.source_width, spec.crop_offset);
      geometry.resized_height = spec.height;
      geometry.resized_width = spec.width;
      break;
    case ResizeRule::kCenterSquare:
      geometry.source_height = geometry.source_width = std::min(height, width);
      geometry.source_top = crop_begin(height, geometry.source_height, spec.crop_offset);
      geometry.source_left = crop_begin(width, geometry.source_width, spec.crop_offset);
      geometry.resized_height = spec.height;
      geometry.resized_width = spec.width;
      break;
  }
  geometry.height = geometry.resized_height;
  geometry.width = geometry.resized_width;
  if (spec.crop > 0) {
    if (spec.crop > geometry.height || spec.crop > geometry.width) {
      throw Error(
          ErrorKind::kInput, "preprocess",
          fmt::format(
              "a frame of {}x{} becomes {}x{}, too small for the centre crop of {}; nothing is "
              "padded",
              width, height, geometry.width, geometry.height, spec.crop));
    }
    geometry.top = crop_begin(geometry.height, spec.crop, spec.crop_offset);
    geometry.left = crop_begin(geometry.width, spec.crop, spec.crop_offset);
    geometry.height = geometry.width = spec.crop;
  }
  return geometry;
}

/// Everything that is the same for all frames of a clip.
struct Pipeline {
  Geometry geometry;
  ResampleTaps columns;
  ResampleTaps rows;
  int64_t channels = 3;
};

Pipeline make_pipeline(int64_t height, int64_t width, const PreprocessSpec& spec) {
  Pipeline pipeline;
  pipeline.geometry = plan(height, width, spec);
  const Geometry& g = pipeline.geometry;
  pipeline.columns = make_resample_taps(g.source_width, g.resized_width, g.left, g.left + g.width,
                                        spec.filter, spec.arithmetic);
  pipeline.rows = make_resample_taps(g.source_height, g.resized_height, g.top, g.top + g.height,
                                     spec.filter, spec.arithmetic);
  pipeline.channels = spec.colour == ColourRule::kLuma ? 1 : 3;
  return pipeline;
}

PixelWindow rgb_window(const uint8_t* frame, int64_t frame_width, const Geometry& geometry) {
  PixelWindow window;
  window.row_bytes = frame_width * 3;
  window.origin = frame + geometry.source_top * window.row_bytes + geometry.source_left * 3;
  window.height = geometry.source_height;
  window.width = geometry.source_width;
  window.channels = 3;
  return window;
}

PixelWindow luma_window(const PixelWindow& rgb, std::vector<uint8_t>& luma) {
  luma.resize(static_cast<std::size_t>(rgb.height * rgb.width));
  for (int64_t y = 0; y < rgb.height; ++y) {
    pixel_kernels().luma_row(rgb.origin + y * rgb.row_bytes, rgb.width,
                             luma.data() + y * rgb.width);
  }
  return {luma.data(), rgb.width, rgb.height, rgb.width, 1};
}

void run_pipeline(const uint8_t* frame,
                  int64_t frame_width,
                  const Pipeline& pipeline,
                  const PreprocessSpec& spec,
                  float* out) {
  const Geometry& geometry = pipeline.geometry;
  PixelWindow window = rgb_window(frame, frame_width, geometry);
  std::vector<uint8_t> luma;
  if (pipeline.channels == 1) window = luma_window(window, luma);
  const float divisor = spec.scale_to_unit ? 255.0F : 1.0F;
  const PixelKernels& kernels = pixel_kernels();
  const auto write_row = [&](int64_t y, const auto* row) {
    const auto normalise_row = [&] {
      if constexpr (std::is_same_v<decltype(row), const uint8_t*>) {
        return kernels.normalise_bytes;
      } else {
        return kernels.normalise_floats;
      }
    }();
    for (int64_t c = 0; c < pipeline.channels; ++c) {
      const auto channel = static_cast<std::size_t>(c);
      normalise_row(row + c * geometry.width, geometry.width, divisor,
                    static_cast<float>(spec.mean[channel]),
                    static_cast<float>(spec.stddev[channel]),
                    out + (c * geometry.height + y) * geometry.width);
    }
  };
  if (spec.arithmetic == ResampleArithmetic::kOpenCvUint8) {
    resize_opencv(window, geometry.resized_height, geometry.resized_width, spec.filter,
                  {geometry.top, geometry.left, geometry.height, geometry.width}, write_row);
  } else if (spec.arithmetic == ResampleArithmetic::kPillowUint8) {
    resample_bytes(window, pipeline.columns, pipeline.rows, write_row);
  } else {
    resample_floats(window, pipeline.columns, pipeline.rows, write_row);
  }
}

}  // namespace

std::pair<int64_t, int64_t> preprocessed_size(int64_t height,
                                              int64_t width,
                                              const PreprocessSpec& spec) {
  spec.validate();
  const Geometry geometry = plan(height, width, spec);
  return {geometry.height, geometry.width};
}

at::Tensor preprocess_frames(const at::Tensor& frames, const PreprocessSpec& spec, int threads) {
  spec.validate();
  if (frames.dim() != 4 || frames.size(3) != 3 || frames.scalar_type() != at::kByte ||
      frames.size(1) < 1 || frames.size(2) < 1) {
    throw Error(ErrorKind::kUsage, "preprocess",
                fmt::format("expected (T, H, W, 3) uint8 frames, got {} dimensions of type {}",
                            frames.dim(), at::toString(frames.scalar_type())));
  }
  const at::Tensor source = frames.contiguous();
  const int64_t height = source.size(1);
  const int64_t width = source.size(2);
  const Pipeline pipeline = make_pipeline(height, width, spec);
  at::Tensor out = at::empty(
      {source.size(0), pipeline.channels, pipeline.geometry.height, pipeline.geometry.width},
      at::kFloat);
  const uint8_t* const in_base = source.data_ptr<uint8_t>();
  float* const out_base = out.data_ptr<float>();
  const int64_t out_size = pipeline.channels * pipeline.geometry.height * pipeline.geometry.width;
  const auto process = [&](int64_t t) {
    run_pipeline(in_base + t * height * width * 3, width, pipeline, spec, out_base + t * out_size);
  };
  if (threads == 1 || (threads == 0 && source.size(0) == 1)) {
    // No product is computed here, so that one thread needs no parallel region: its idle threads
    // would spin as long as the work takes.
    for (int64_t t = 0; t < source.size(0); ++t) process(t);
  } else {
    parallel_for(source.size(0), threads, process);
  }
  return out;
}

at::Tensor preprocess_frame(const at::Tensor& frame, const PreprocessSpec& spec) {
  if (frame.dim() != 3) {
    throw Error(ErrorKind::kUsage, "preprocess",
                fmt::format("expected a (H, W, 3) uint8 frame, got {} dimensions", frame.dim()));
  }
  return preprocess_frames(frame.unsqueeze(0), spec, 1).squeeze(0);
}

}  // namespace physprobe

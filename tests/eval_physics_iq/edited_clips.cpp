#include "eval_physics_iq/edited_clips.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/video/video_reader.h"
#include "physprobe/video/video_writer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/_upsample_bicubic2d_aa.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

namespace physprobe::testing {

namespace fs = std::filesystem;

void rewrite(const std::string& source,
             const std::string& target,
             double fps,
             const std::vector<int64_t>& indices,
             int64_t width,
             int64_t height) {
  const auto reader = VideoReader::open(source);
  const Clip clip = reader->read(indices);
  at::Tensor frames = clip.frames;
  if (width > 0)
    frames = at::_upsample_bicubic2d_aa(frames.permute({0, 3, 1, 2}).to(at::kFloat),
                                        {height, width}, false)
                 .round()
                 .permute({0, 2, 3, 1})
                 .to(at::kByte);
  VideoWriterOptions options;
  options.fps = fps;
  options.quality = 10;  // near lossless: the case is about lengths, rates and sizes
  // Never in place: the source may be the target.
  const std::string temporary = target + ".new.mp4";
  const auto writer = VideoWriter::open(temporary, frames.size(2), frames.size(1), options);
  for (int64_t t = 0; t < frames.size(0); ++t) writer->write(frames[t].contiguous());
  writer->close();
  fs::rename(temporary, target);
}

std::vector<int64_t> first(int64_t count) {
  std::vector<int64_t> indices(static_cast<std::size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

std::vector<int64_t> first_of_150(int64_t count) {
  std::vector<int64_t> indices = first(count);
  for (int64_t& index : indices) index = std::min<int64_t>(index, 149);
  return indices;
}

void add_masks(const MiniBenchmarkCopy& copy) {
  const std::string masks = "physics-IQ-benchmark-verified/video-masks/real/30FPS";
  fs::create_directories(fs::path(copy.path(masks)).parent_path());
  fs::copy(minibench(masks), copy.path(masks), fs::copy_options::recursive);
}

void halve(const std::string& path) {
  const std::string bytes = read_file(path);
  write_file_atomic(path, bytes.substr(0, bytes.size() / 2));
}

}  // namespace physprobe::testing

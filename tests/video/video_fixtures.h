#pragma once
// Small videos and the questions that many tests of video/ ask about them.

#include "physprobe/core/error.h"
#include "physprobe/video/video_reader.h"
#include "physprobe/video/video_writer.h"

#include "support/golden.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

namespace physprobe::testing {

inline std::string clip_path(const std::string& name) {
  return golden_path("video/" + name);
}

/// Textured frame `t` of a moving pattern, (height, width, 3) uint8.
inline at::Tensor pattern_frame(int64_t t, int64_t height, int64_t width) {
  at::Tensor frame = at::empty({height, width, 3}, at::kByte);
  uint8_t* data = frame.data_ptr<uint8_t>();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      *data++ = static_cast<uint8_t>((3 * x + 5 * t) % 256);
      *data++ = static_cast<uint8_t>((2 * y + 7 * t) % 256);
      *data++ = static_cast<uint8_t>(((x - 2 * t) * (y + t) / 8) % 256);
    }
  }
  return frame;
}

inline void write_pattern(const std::string& path,
                          int64_t count,
                          int64_t height,
                          int64_t width,
                          const VideoWriterOptions& options = {}) {
  const auto writer = VideoWriter::open(path, width, height, options);
  for (int64_t t = 0; t < count; ++t) writer->write(pattern_frame(t, height, width));
  writer->close();
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::vector<int64_t> all_indices(const VideoReader& reader) {
  std::vector<int64_t> indices(static_cast<std::size_t>(reader.info().frame_count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// Every frame by one sequential pass.
inline std::vector<at::Tensor> sequential_frames(VideoReader& reader) {
  std::vector<at::Tensor> frames;
  reader.for_each(all_indices(reader), [&](int64_t, double, const at::Tensor& frame) {
    frames.push_back(frame);
    return true;
  });
  return frames;
}

/// The error that `body` throws; fails the test if it throws none.
inline Error error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "expected an error";
  return Error(ErrorKind::kInternal, "", "no error");
}

/// True if this machine can write H.264; others skip what needs long streams.
inline bool can_write_h264() {
  const std::vector<std::string> encoders = available_encoders();
  return std::find(encoders.begin(), encoders.end(), "h264") != encoders.end();
}

}  // namespace physprobe::testing

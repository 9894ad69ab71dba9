#pragma once
// Data sets small enough for whole runs in tests: folders of 32 x 32 PNG frames with a bar that
// drifts over noise; real items without a codec.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/rng.h"
#include "physprobe/video/video_writer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

namespace physprobe::testing {

inline void write_small_item(const std::string& folder, uint64_t seed, int frames = 9) {
  std::filesystem::create_directories(folder);
  Rng rng(seed);
  for (int t = 0; t < frames; ++t) {
    at::Tensor frame = at::empty({32, 32, 3}, at::kByte);
    uint8_t* data = frame.data_ptr<uint8_t>();
    for (int64_t i = 0; i < frame.numel(); ++i) data[i] = static_cast<uint8_t>(rng.below(64));
    const int64_t column = static_cast<int64_t>((seed * 5 + static_cast<uint64_t>(t) * 2) % 30);
    frame.slice(1, column, column + 2).fill_(220);
    char name[32];
    std::snprintf(name, sizeof name, "/%04d.png", t);
    write_file_atomic(folder + name, encode_png(frame));
  }
}

/// FOLDER/item-0 … with seeds 1, 2, …
inline void write_small_items(const std::string& folder, int count, int frames = 9) {
  for (int i = 0; i < count; ++i) {
    write_small_item(folder + "/item-" + std::to_string(i), static_cast<uint64_t>(i + 1), frames);
  }
}

/// A suite over `data` that takes milliseconds an item.
inline std::string small_suite(const std::string& data) {
  return R"(name: test
sampling: {scheme: all}
encoders:
  - {family: v1, options: {size: 32, scales: 2, orientations: 3}, taps: [pixel, retina, v1]}
  - {family: pixels}
statistics: {resamples: 99}
report: {clips: true, strip_frames: 4}
dataset: {path: ")" +
         data + "\"}\n";
}

}  // namespace physprobe::testing

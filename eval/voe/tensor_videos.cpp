#include "physprobe/eval/voe/tensor_videos.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/voe/array_path.h"
#include "physprobe/memory/array_source.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace physprobe {
namespace {

constexpr const char* kExpected =
    "expected decoded frames, uint8 (T, H, W, 3), or preprocessed ones, floating (3, T, H, W) or "
    "(T, 3, H, W); one more dimension in front for several videos";

bool is_channels(int64_t size) {
  return size == 3 || size == 1;
}

/// One video's frames; undefined when the shape is none of frames.
at::Tensor frames_of(const std::string& subject, const at::Tensor& array) {
  if (array.scalar_type() == at::kByte) {
    if (array.size(3) == 3) return array.contiguous();
    if (array.size(1) == 3) return array.permute({0, 2, 3, 1}).contiguous();
    return {};
  }
  const bool leads = is_channels(array.size(0));
  const bool follows = is_channels(array.size(1));
  if (leads && follows) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("({}) may be (C, T, H, W) or (T, C, H, W); give a video of another "
                            "number of frames",
                            fmt::join(array.sizes(), ", ")));
  }
  if (leads) return array.permute({1, 0, 2, 3}).to(at::kFloat).contiguous();
  if (follows) return array.to(at::kFloat).contiguous();
  return {};
}

const ArrayInfo& chosen_array(const ArraySource& source, const ArrayPath& path) {
  const ArrayInfo* found = nullptr;
  std::string names;
  for (const ArrayInfo& array : source.arrays()) {
    names += (names.empty() ? "" : ", ") + array.name;
    if (path.array.empty() ? source.arrays().size() == 1 : array.name == path.array) found = &array;
  }
  if (found == nullptr) {
    throw Error(ErrorKind::kInput, path.file,
                path.array.empty()
                    ? fmt::format("holds {} arrays; name one as {}:ARRAY, of {}",
                                  source.arrays().size(), path.file, names)
                    : fmt::format("has no array '{}'; it has {}", path.array, names));
  }
  return *found;
}

}  // namespace

std::vector<TensorVideo> read_tensor_videos(const std::string& given) {
  const ArrayPath path = split_array_path(given);
  const auto source = open_array_source(path.file);
  const ArrayInfo& array = chosen_array(*source, path);
  const std::string subject = path.file + ":" + array.name;
  const auto refuse = [&] {
    throw Error(
        ErrorKind::kInput, subject,
        fmt::format("is {} ({}); {}", array.dtype, fmt::join(array.shape, ", "), kExpected));
  };
  const auto rank = array.shape.size();
  if (rank != 4 && rank != 5) refuse();
  const at::Tensor values = source->read(array);
  const bool is_bytes = values.scalar_type() == at::kByte;
  if (!is_bytes && !values.is_floating_point()) refuse();
  std::vector<TensorVideo> videos;
  for (int64_t v = 0; v < (rank == 5 ? values.size(0) : 1); ++v) {
    TensorVideo video;
    video.id = rank == 5 ? fmt::format("{}[{}]", array.name, v) : array.name;
    video.frames = frames_of(subject, rank == 5 ? values[v] : values);
    if (!video.frames.defined()) refuse();
    video.is_preprocessed = !is_bytes;
    videos.push_back(std::move(video));
  }
  return videos;
}

}  // namespace physprobe

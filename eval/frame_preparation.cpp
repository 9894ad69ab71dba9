#include "physprobe/eval/frame_preparation.h"

#include "physprobe/video/preprocess.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace physprobe {

FramePreparation::FramePreparation(VideoReader& reader,
                                   const std::vector<int64_t>& indices,
                                   const std::vector<PreprocessSpec>& specs,
                                   int64_t ahead)
    : reader_(reader), ahead_(ahead) {
  for (const int64_t index : indices) {
    if (!distinct_.empty() && distinct_.back() == index) {
      ++repeats_.back();
    } else {
      distinct_.push_back(index);
      repeats_.push_back(1);
    }
  }
  for (const PreprocessSpec& spec : specs) {
    const bool is_known = std::any_of(
        specs_.begin(), specs_.end(),
        [&](const PreprocessSpec& known) { return known.canonical() == spec.canonical(); });
    if (!is_known) specs_.push_back(spec);
  }
}

std::optional<PreparedFrames> FramePreparation::next(int64_t count) {
  if (!decoded_) {
    decoded_.emplace([this] { return prepare_one(); }, static_cast<std::size_t>(ahead_));
  }
  std::optional<PreparedFrames> first = decoded_->next();
  if (!first || count <= 1) return first;
  std::map<std::string, std::vector<at::Tensor>> parts;
  std::vector<int64_t> repeats;
  for (std::optional<PreparedFrames> one = std::move(first); one;) {
    for (auto& [spec, input] : one->inputs) parts[spec].push_back(std::move(input));
    repeats.push_back(one->repeats.front());
    if (static_cast<int64_t>(repeats.size()) == count) break;
    one = decoded_->next();
  }
  PreparedFrames group;
  for (const auto& [spec, inputs] : parts) group.inputs[spec] = at::cat(inputs);
  group.repeats = std::move(repeats);
  return group;
}

std::optional<PreparedFrames> FramePreparation::prepare_one() {
  if (position_ == distinct_.size()) return std::nullopt;
  const int64_t index = distinct_[position_];
  const VideoInfo& info = reader_.info();
  // One picture's memory for the whole clip: fresh pages for each cost as much as decoding it.
  if (!frame_.defined()) frame_ = at::empty({1, info.height, info.width, 3}, at::kByte);
  auto* const frame = frame_.data_ptr<uint8_t>();
  const auto row_bytes = static_cast<std::size_t>(info.width) * 3;
  reader_.for_each_band({index}, [&](const FrameBand& band) {
    for (int64_t row = 0; row < band.rows; ++row) {
      std::memcpy(frame + static_cast<std::size_t>(band.first_row + row) * row_bytes,
                  band.rgb + row * band.row_bytes, row_bytes);
    }
    return true;
  });
  PreparedFrames prepared;
  for (const PreprocessSpec& spec : specs_)
    prepared.inputs[spec.canonical()] = preprocess_frames(frame_, spec, 1);
  prepared.repeats = {repeats_[position_]};
  if (viewer_) viewer_(index, info.pts_seconds[static_cast<std::size_t>(index)], frame_[0]);
  ++position_;
  return prepared;
}

}  // namespace physprobe

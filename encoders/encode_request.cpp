#include "physprobe/encoders/encode_request.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <ATen/ATen.h>

#include <cmath>
#include <sstream>

namespace physprobe {

std::vector<std::size_t> requested_taps(const EncoderInfo& info, const EncodeOptions& options) {
  std::vector<std::string> names;
  for (const TapInfo& tap : info.taps) names.push_back(tap.name);
  std::vector<std::size_t> indices;
  for (const std::string& wanted : options.taps.empty() ? info.default_taps : options.taps) {
    std::size_t index = 0;
    while (index < names.size() && names[index] != wanted) ++index;
    if (index == names.size()) {
      throw Error(ErrorKind::kUsage, info.id,
                  "has no tap '" + wanted + "'" + did_you_mean(wanted, names));
    }
    indices.push_back(index);
  }
  return indices;
}

at::Tensor checked_frames(const EncoderInfo& info, const at::Tensor& input, int64_t channels) {
  if (!input.defined() || input.dim() != 5 || input.size(2) != channels || input.numel() == 0 ||
      input.scalar_type() != at::kFloat || !input.device().is_cpu()) {
    std::ostringstream found;
    if (input.defined()) {
      found << input.scalar_type() << " " << input.sizes();
    } else {
      found << "no tensor";
    }
    throw Error(ErrorKind::kUsage, info.id,
                "takes frames as a float32 tensor (batch, time, " + std::to_string(channels) +
                    ", height, width) in main memory, all sizes above 0; got " + found.str());
  }
  at::Tensor frames = input.contiguous();
  const float* values = frames.data_ptr<float>();
  const int64_t frame_size = frames.size(2) * frames.size(3) * frames.size(4);
  for (int64_t i = 0; i < frames.numel(); ++i) {
    if (!std::isfinite(values[i])) {
      const int64_t frame = i / frame_size;
      throw Error(ErrorKind::kInput, info.id,
                  "sample " + std::to_string(frame / frames.size(1)) + ", frame " +
                      std::to_string(frame % frames.size(1)) +
                      " holds a value that is not finite; the frames are unusable");
    }
  }
  return frames;
}

std::optional<std::pair<int64_t, int64_t>> fixed_frame_size(const PreprocessSpec& spec) {
  if (spec.crop > 0) return std::make_pair(spec.crop, spec.crop);
  if (spec.resize == ResizeRule::kSquash || spec.resize == ResizeRule::kCenterSquare ||
      spec.resize == ResizeRule::kBoundedSquash) {
    return std::make_pair(spec.height, spec.width);
  }
  return std::nullopt;
}

void require_preprocessed_size(const EncoderInfo& info, const at::Tensor& frames) {
  const auto expected = fixed_frame_size(info.preprocess);
  const auto found = std::make_pair(frames.size(3), frames.size(4));
  if (!expected || *expected == found) return;
  throw Error(ErrorKind::kUsage, info.id,
              "takes frames of " + std::to_string(expected->first) + "x" +
                  std::to_string(expected->second) + " as its preprocessing yields, got " +
                  std::to_string(found.first) + "x" + std::to_string(found.second));
}

}  // namespace physprobe

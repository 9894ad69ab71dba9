#include "physprobe/encoders/pixels_encoder.h"

#include "physprobe/core/parallel.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/thumbnail.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

PreprocessSpec default_preprocess() {
  PreprocessSpec spec;
  spec.name = "restrav";
  spec.colour = ColourRule::kRgb;
  spec.resize = ResizeRule::kSquash;
  spec.height = 224;
  spec.width = 224;
  spec.filter = ResampleFilter::kBicubic;
  spec.arithmetic = ResampleArithmetic::kFloatAntialias;
  return spec;
}

int64_t channel_count(const PreprocessSpec& spec) {
  return spec.colour == ColourRule::kLuma ? 1 : 3;
}

/// Numbers in a preprocessed frame; 0 when they depend on the video.
int64_t frame_width(const PreprocessSpec& spec) {
  const auto size = fixed_frame_size(spec);
  return size ? channel_count(spec) * size->first * size->second : 0;
}

class PixelsEncoder final : public Encoder {
 public:
  explicit PixelsEncoder(const PreprocessSpec& spec) : channels_(channel_count(spec)) {
    info_.id = "pixels" + preprocess_suffix(default_preprocess(), spec);
    info_.family = "pixels";
    info_.description = "Preprocessed frames as they are, no model";
    info_.weights_digest = "none";
    info_.canonical = "pixels/1";
    info_.taps = {
        {"pixel", frame_width(spec), "The preprocessed frame, flattened channel, row, column."}};
    info_.default_taps = {"pixel"};
    info_.retrieval_tap = "pixel";
    info_.preprocess = spec;
    info_.is_verified = true;
  }

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input,
                                const EncodeOptions& options) const override {
    const std::vector<std::size_t> taps = requested_taps(info_, options);
    const at::Tensor frames = checked_frames(info_, input, channels_);
    require_preprocessed_size(info_, frames);
    const int64_t batch = frames.size(0);
    const int64_t steps = frames.size(1);
    const int64_t frame_size = channels_ * frames.size(3) * frames.size(4);
    const int64_t thumbnail_size = channels_ * kThumbnailSide * kThumbnailSide;
    TapOutput output;
    output.name = "pixel";
    output.grid_height = 1;
    output.grid_width = 1;
    output.pooled = at::empty({batch, steps, thumbnail_size}, at::kFloat);
    output.patch_mean = output.pooled;
    // A copy: the caller may reuse its buffer for the next batch.
    if (options.keep_tokens) output.tokens = frames.reshape({batch, steps, 1, frame_size}).clone();
    const float* from = frames.data_ptr<float>();
    float* to = output.pooled.data_ptr<float>();
    parallel_for(batch * steps, options.threads, [&](int64_t i) {
      area_thumbnail(from + i * frame_size, channels_, frames.size(3), frames.size(4),
                     to + i * thumbnail_size);
    });
    return std::vector<TapOutput>(taps.size(), output);
  }

  std::unique_ptr<Encoder> untrained(uint64_t /*seed*/) const override { return nullptr; }

 private:
  EncoderInfo info_;
  int64_t channels_;
};

}  // namespace

std::unique_ptr<Encoder> make_pixels_encoder(const nlohmann::json& config) {
  return std::make_unique<PixelsEncoder>(read_preprocess(
      object_field(config, "preprocess", "pixels"), default_preprocess(), "pixels"));
}

}  // namespace physprobe

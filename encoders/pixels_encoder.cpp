#include "physprobe/encoders/pixels_encoder.h"

#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/pixel_tap.h"

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

class PixelsEncoder final : public Encoder {
 public:
  explicit PixelsEncoder(const PreprocessSpec& spec) : channels_(channel_count(spec)) {
    info_.id = "pixels" + preprocess_suffix(default_preprocess(), spec);
    info_.family = "pixels";
    info_.description = "Preprocessed frames as they are, no model";
    info_.weights_digest = "none";
    info_.canonical = "pixels/1";
    info_.taps = {{"pixel", pixel_tap_width(spec), kPixelTapDescription}};
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
    const TapOutput output = pixel_tap(frames, options.keep_tokens, options.threads);
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

#include "physprobe/encoders/pixel_copy_predictor.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/pixel_tap.h"
#include "physprobe/encoders/pixels_encoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

constexpr int64_t kLargestPatch = 16;
constexpr int64_t kDefaultSide = 112;  ///< Change shows at that size, at a quarter of the cost.
constexpr int64_t kFramesPerStep = 2;  // as the latent predictors have

int64_t patch_side(int64_t height, int64_t width) {
  for (int64_t side = kLargestPatch; side > 1; --side) {
    if (height % side == 0 && width % side == 0) return side;
  }
  return 1;
}

class PixelCopyPredictor final : public Predictor {
 public:
  PixelCopyPredictor(const PreprocessSpec& preprocess, int64_t frames_per_step) {
    preprocess.validate();
    info_.id = "pixel-copy";
    info_.family = "pixels";
    info_.description = "The last frame seen comes again, no model";
    info_.weights_digest = "none";
    info_.canonical = fmt::format("pixel-copy/1 frames_per_step={}", frames_per_step);
    info_.taps = {{"pixel", pixel_tap_width(preprocess), kPixelTapDescription}};
    info_.default_taps = {"pixel"};
    info_.retrieval_tap = "pixel";
    info_.preprocess = preprocess;
    info_.frames_per_step = frames_per_step;
    info_.is_verified = true;
    predictor_info_.normalises_targets = false;
    predictor_info_.shares_encoder = true;
  }

  const EncoderInfo& info() const override { return info_; }
  const PredictorInfo& predictor_info() const override { return predictor_info_; }

  TokenGrid grid(int64_t frames, int64_t height, int64_t width) const override {
    if (frames < 1 || frames % info_.frames_per_step != 0) {
      throw Error(ErrorKind::kUsage, info_.id,
                  fmt::format("a window of {} frames is no whole number of steps of {}", frames,
                              info_.frames_per_step));
    }
    const int64_t side = patch_side(height, width);
    return {frames / info_.frames_per_step, height / side, width / side};
  }

  at::Tensor targets(const at::Tensor& window) const override {
    const at::Tensor frames = checked(window);
    const TokenGrid cells = grid(frames.size(1), frames.size(3), frames.size(4));
    const int64_t side = frames.size(3) / cells.height;
    return frames
        .reshape({frames.size(0), cells.time_steps, info_.frames_per_step, frames.size(2),
                  cells.height, side, cells.width, side})
        .permute({0, 1, 4, 6, 2, 5, 7, 3})
        .reshape({frames.size(0), cells.time_steps * cells.tokens_per_step(), -1});
  }

  at::Tensor predict(const at::Tensor& context,
                     const at::Tensor& context_ids,
                     const at::Tensor& target_ids,
                     int64_t window_frames) const override {
    const at::Tensor seen = checked(context);
    const int64_t tokens = grid(window_frames, seen.size(3), seen.size(4)).tokens_per_step() *
                           window_frames / info_.frames_per_step;
    require_ids(context_ids, tokens);
    require_ids(target_ids, tokens);
    const at::Tensor last = seen.slice(1, -1).expand(
        {seen.size(0), info_.frames_per_step, seen.size(2), seen.size(3), seen.size(4)});
    const at::Tensor step = targets(last);
    return step.index_select(1, target_ids.remainder(step.size(1)));
  }

  std::unique_ptr<Predictor> untrained(uint64_t /*seed*/) const override { return nullptr; }

 private:
  at::Tensor checked(const at::Tensor& input) const {
    return checked_frames(info_, input, channel_count(info_.preprocess));
  }

  void require_ids(const at::Tensor& ids, int64_t tokens) const {
    if (ids.defined() && ids.dim() == 1 && ids.scalar_type() == at::kLong && ids.numel() > 0 &&
        ids.min().item<int64_t>() >= 0 && ids.max().item<int64_t>() < tokens)
      return;
    throw Error(ErrorKind::kUsage, info_.id,
                fmt::format("token ids must be int64 numbers from 0 to {}", tokens - 1));
  }

  EncoderInfo info_;
  PredictorInfo predictor_info_;
};

}  // namespace

std::unique_ptr<Predictor> make_pixel_copy_predictor(const PreprocessSpec& preprocess,
                                                     int64_t frames_per_step) {
  return std::make_unique<PixelCopyPredictor>(preprocess, frames_per_step);
}

std::unique_ptr<Predictor> make_pixel_copy_predictor(const nlohmann::json& config) {
  refuse_unknown_keys(config, {"family", "id", "preprocess"}, "pixels");
  PreprocessSpec spec = make_pixels_encoder({{"family", "pixels"}})->info().preprocess;
  spec.name = "pixel-copy";
  spec.height = spec.width = kDefaultSide;
  return make_pixel_copy_predictor(
      read_preprocess(object_field(config, "preprocess", "pixels"), spec, "pixels"),
      kFramesPerStep);
}

}  // namespace physprobe

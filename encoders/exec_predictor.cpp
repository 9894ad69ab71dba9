// A served model as a predictor (docs/exec_protocol.md).

#include "physprobe/encoders/exec_predictor.h"

#include "physprobe/core/error.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/exec_answer.h"
#include "physprobe/encoders/exec_encoder.h"
#include "physprobe/encoders/pixel_tap.h"
#include "physprobe/encoders/predictor.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace physprobe {
namespace {

class ExecPredictor final : public Predictor {
 public:
  explicit ExecPredictor(ServedModel served)
      : session_(std::move(served.session)), info_(std::move(served.info)) {}

  const EncoderInfo& info() const override { return info_; }
  const PredictorInfo& predictor_info() const override { return predictor_info_; }

  TokenGrid grid(int64_t frames, int64_t /*height*/, int64_t /*width*/) const override {
    if (frames < 1 || frames % info_.frames_per_step != 0) {
      throw Error(ErrorKind::kUsage, info_.id,
                  fmt::format("sees {} frames at a time, so a window cannot have {}",
                              info_.frames_per_step, frames));
    }
    // The protocol names the grids of taps, not that of targets.
    return {frames / info_.frames_per_step, 0, 0};
  }

  at::Tensor targets(const at::Tensor& window) const override {
    const at::Tensor frames = checked(window);
    ExecMessage request;
    request.kind = "targets";
    request.tensors["frames"] = wire_frames(info_, frames);
    const ExecMessage answer =
        session_->ask(std::move(request), "targets",
                      fmt::format("computing the targets of {} windows of {} frames",
                                  frames.size(0), frames.size(1)));
    return checked_tensor(info_.id, answer, "targets", {frames.size(0), -1, -1});
  }

  at::Tensor predict(const at::Tensor& context,
                     const at::Tensor& context_ids,
                     const at::Tensor& target_ids,
                     int64_t window_frames) const override {
    const at::Tensor frames = checked(context);
    require_ids("context_ids", context_ids);
    require_ids("target_ids", target_ids);
    if (window_frames < frames.size(1)) {
      throw Error(ErrorKind::kUsage, info_.id,
                  fmt::format("a window of {} frames cannot have a context of {}", window_frames,
                              frames.size(1)));
    }
    ExecMessage request;
    request.kind = "predict";
    request.fields["window_frames"] = std::to_string(window_frames);
    request.tensors["frames"] = wire_frames(info_, frames);
    request.tensors["context_ids"] = context_ids;
    request.tensors["target_ids"] = target_ids;
    const ExecMessage answer =
        session_->ask(std::move(request), "predictions",
                      fmt::format("predicting {} tokens of {} windows from {} frames",
                                  target_ids.size(0), frames.size(0), frames.size(1)));
    return checked_tensor(info_.id, answer, "predictions",
                          {frames.size(0), target_ids.size(0), -1});
  }

  /// The protocol asks for untrained tokens, not for untrained predictions.
  std::unique_ptr<Predictor> untrained(uint64_t /*seed*/) const override { return nullptr; }

 private:
  at::Tensor checked(const at::Tensor& input) const {
    const at::Tensor frames = checked_frames(info_, input, channel_count(info_.preprocess));
    require_preprocessed_size(info_, frames);
    return frames;
  }

  void require_ids(const std::string& name, const at::Tensor& ids) const {
    if (ids.defined() && ids.dim() == 1 && ids.scalar_type() == at::kLong && ids.numel() > 0 &&
        ids.min().item<int64_t>() >= 0) {
      return;
    }
    throw Error(ErrorKind::kUsage, info_.id,
                fmt::format("'{}' must be a list of token numbers from 0, int64", name));
  }

  std::shared_ptr<ExecSession> session_;
  EncoderInfo info_;
  PredictorInfo predictor_info_;
};

}  // namespace

std::unique_ptr<Predictor> make_exec_predictor(const nlohmann::json& config) {
  refuse_unknown_keys(config, {"family", "options", "preprocess"}, "predictor config");
  ServedModel served = serve_model(config);
  if (!served.session->model().is_predictor) {
    throw Error(ErrorKind::kIncompatible, served.info.id,
                "predicts nothing: the served model says so; give physprobe.serve() 'targets' and "
                "'predict'");
  }
  return std::make_unique<ExecPredictor>(std::move(served));
}

}  // namespace physprobe

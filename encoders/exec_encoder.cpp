#include "physprobe/encoders/exec_encoder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/encoders/encode_request.h"
#include "physprobe/encoders/encoder_config.h"
#include "physprobe/encoders/exec_answer.h"
#include "physprobe/encoders/pixel_tap.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace physprobe {
namespace {

EncoderInfo describe(const ExecSession& session, const PreprocessSpec& preprocess) {
  const ExecModel& model = session.model();
  const std::string& command = session.options().command;
  EncoderInfo info;
  info.id = session.id() + preprocess_suffix(model.preprocess, preprocess);
  info.family = "exec";
  info.description = model.description;
  info.canonical =
      "exec/1 command=" + nlohmann::json(command).dump() + " model=" + exec_model_canonical(model);
  // Without a digest of its own a model is told apart by its version, which `canonical` holds too.
  info.has_weights = model.has_untrained;
  info.weights_digest = "none";
  if (info.has_weights) {
    info.weights_path = command;
    info.weights_digest = model.digest.empty() ? sha256_hex(info.canonical) : model.digest;
  }
  info.taps.push_back(
      {"pixel", model.frames_per_step * pixel_tap_width(preprocess), kPixelTapDescription});
  for (const ExecTap& tap : model.taps) info.taps.push_back(tap.info);
  info.default_taps = model.default_taps;
  info.retrieval_tap = model.retrieval_tap;
  info.preprocess = preprocess;
  info.frames_per_step = model.frames_per_step;
  info.gains_from_batches = true;
  return info;
}

class ExecEncoder final : public Encoder {
 public:
  ExecEncoder(std::shared_ptr<ExecSession> session, EncoderInfo info, std::string untrained_seed)
      : session_(std::move(session)),
        info_(std::move(info)),
        untrained_seed_(std::move(untrained_seed)) {}

  const EncoderInfo& info() const override { return info_; }

  std::vector<TapOutput> encode(const at::Tensor& input,
                                const EncodeOptions& options) const override {
    const std::vector<std::size_t> taps = requested_taps(info_, options);
    const at::Tensor frames = checked_frames(info_, input, channel_count(info_.preprocess));
    require_preprocessed_size(info_, frames);
    if (frames.size(1) % info_.frames_per_step != 0) {
      throw Error(
          ErrorKind::kUsage, info_.id,
          fmt::format("sees {} frames at a time, got {}", info_.frames_per_step, frames.size(1)));
    }
    std::vector<TapOutput> outputs(taps.size());
    std::vector<std::string> asked;
    for (std::size_t i = 0; i < taps.size(); ++i) {
      if (taps[i] == 0) {
        // A step's input is its frames side by side.
        outputs[i] =
            pixel_tap(frames.reshape({frames.size(0), frames.size(1) / info_.frames_per_step,
                                      frames.size(2) * info_.frames_per_step, frames.size(3),
                                      frames.size(4)}),
                      options.keep_tokens, options.threads);
      } else {
        asked.push_back(info_.taps[taps[i]].name);
      }
    }
    if (asked.empty()) return outputs;
    const auto tokens = ask(frames, asked, options.threads);
    for (std::size_t i = 0; i < taps.size(); ++i) {
      if (taps[i] == 0) continue;
      outputs[i] = exec_tap_output(session_->model().taps[taps[i] - 1],
                                   tokens.at(info_.taps[taps[i]].name), options.keep_tokens);
    }
    return outputs;
  }

  std::unique_ptr<Encoder> untrained(uint64_t seed) const override {
    if (!info_.has_weights) return nullptr;
    EncoderInfo info = info_;
    const std::string number = std::to_string(seed);
    info.id += "-random" + number;
    info.weights_path = "";
    info.weights_digest = "random-" + number;
    return std::make_unique<ExecEncoder>(session_, info, number);
  }

 private:
  /// Every asked tap's tokens (B, T', N, D).
  std::map<std::string, at::Tensor> ask(const at::Tensor& frames,
                                        std::vector<std::string> taps,
                                        int threads) const {
    std::sort(taps.begin(), taps.end());
    taps.erase(std::unique(taps.begin(), taps.end()), taps.end());
    const int64_t batch = session_->model().batch > 0 ? session_->model().batch : frames.size(0);
    std::map<std::string, std::vector<at::Tensor>> parts;
    for (int64_t begin = 0; begin < frames.size(0); begin += batch) {
      const int64_t count = std::min(batch, frames.size(0) - begin);
      ExecMessage request;
      request.kind = "encode";
      request.fields["taps"] = nlohmann::json(taps).dump();
      request.fields["threads"] = std::to_string(threads);
      if (!untrained_seed_.empty()) request.fields["untrained_seed"] = untrained_seed_;
      const at::Tensor part = frames.narrow(0, begin, count);
      request.tensors["frames"] = wire_frames(info_, part);
      const std::string purpose = fmt::format(
          "encoding {} frames of {}x{}{}", count * frames.size(1), frames.size(3), frames.size(4),
          untrained_seed_.empty() ? "" : " with weights of seed " + untrained_seed_);
      const ExecMessage answer = session_->ask(std::move(request), "tokens", purpose);
      for (auto& [name, tensor] : checked_answer(info_, session_->model(), taps, count,
                                                 frames.size(1) / info_.frames_per_step, answer)) {
        parts[name].push_back(tensor);
      }
    }
    std::map<std::string, at::Tensor> whole;
    for (const auto& [name, tensors] : parts)
      whole[name] = tensors.size() == 1 ? tensors[0] : at::cat(tensors);
    return whole;
  }

  std::shared_ptr<ExecSession> session_;
  EncoderInfo info_;
  std::string untrained_seed_;  ///< "" = the model as it is.
};

}  // namespace

at::Tensor wire_frames(const EncoderInfo& info, const at::Tensor& frames) {
  return yields_bytes(info.preprocess) ? frames.to(at::kByte) : frames;
}

ServedModel serve_model(const nlohmann::json& config) {
  const auto session = std::make_shared<ExecSession>(read_exec_options(config));
  const PreprocessSpec preprocess = read_preprocess(object_field(config, "preprocess", "exec"),
                                                    session->model().preprocess, "exec");
  return {session, describe(*session, preprocess)};
}

std::unique_ptr<Encoder> make_exec_encoder(const nlohmann::json& config) {
  ServedModel served = serve_model(config);
  return std::make_unique<ExecEncoder>(served.session, served.info, "");
}

}  // namespace physprobe

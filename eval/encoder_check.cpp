#include "physprobe/eval/encoder_check.h"

#include "physprobe/core/rng.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/run_plan.h"
#include "physprobe/video/preprocess.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace physprobe {
namespace {

using Level = DoctorFinding::Level;
using Outputs = std::vector<TapOutput>;

constexpr int64_t kFrames = 8;
constexpr int64_t kHeight = 240;
constexpr int64_t kWidth = 320;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// (clips, frames_per_step, C, H, W): noise as the encoder's preprocessing hands it over.
at::Tensor noise(const EncoderInfo& info, int threads) {
  at::Tensor frames = at::empty({kFrames * info.frames_per_step, kHeight, kWidth, 3}, at::kByte);
  Rng rng(1);
  for (int64_t i = 0; i < frames.numel(); ++i)
    frames.data_ptr<uint8_t>()[i] = static_cast<uint8_t>(rng.uniform() * 256.0);
  const at::Tensor input = preprocess_frames(frames, info.preprocess, threads);
  return input.reshape(
      {kFrames, info.frames_per_step, input.size(1), input.size(2), input.size(3)});
}

/// Largest difference between `whole`'s sample `slot` and `alone`'s only one, over all taps;
/// negative when their shapes differ.
double largest_difference(const Outputs& whole, int64_t slot, const Outputs& alone) {
  double largest = 0.0;
  for (std::size_t tap = 0; tap < whole.size(); ++tap) {
    const at::Tensor one = whole[tap].tokens[slot];
    const at::Tensor other = alone[tap].tokens[0];
    if (one.sizes() != other.sizes()) return -1.0;
    largest = std::max(largest, (one - other).abs().max().item<double>());
  }
  return largest;
}

DoctorFinding same_bits(const std::string& what, double difference, const std::string& remedy) {
  if (difference == 0.0) return {Level::kOk, "same bits", what + " gives the same bits", ""};
  const std::string text = difference < 0.0
                               ? what + " gives another number of tokens"
                               : fmt::format(
                                     "{} differs by up to {:.3g}: results are not reproducible to "
                                     "the last digit",
                                     what, difference);
  return {Level::kProblem, "same bits", text, remedy};
}

std::string taps_text(const EncoderInfo& info, const Outputs& outputs) {
  std::string text;
  for (std::size_t tap = 0; tap < outputs.size(); ++tap) {
    text += fmt::format("{}{} ({} x {})", text.empty() ? "" : ", ", outputs[tap].name,
                        outputs[tap].tokens.size(2), outputs[tap].tokens.size(3));
  }
  return text + "; retrieval by " + info.retrieval_tap;
}

}  // namespace

std::vector<DoctorFinding> check_encoder(const nlohmann::json& config,
                                         int threads,
                                         const std::string& device) {
  std::vector<DoctorFinding> findings;
  const Stopwatch start;
  const auto encoder = make_encoder(on_device(config, device));
  const EncoderInfo& info = encoder->info();
  findings.push_back(
      {Level::kOk, "encoder",
       fmt::format("{}: {}; ready in {:.1f} s", info.id, info.description, start.seconds()), ""});
  const at::Tensor input = noise(info, threads);
  EncodeOptions options;
  options.threads = threads;
  const Outputs warm = encoder->encode(input.narrow(0, 0, 1), options);
  findings.push_back({Level::kOk, "taps", "tokens x width: " + taps_text(info, warm), ""});

  const Stopwatch alone_watch;
  std::vector<Outputs> alone;
  for (int64_t i = 0; i < kFrames; ++i)
    alone.push_back(encoder->encode(input.narrow(0, i, 1), options));
  const double alone_rate = static_cast<double>(kFrames) / alone_watch.seconds();
  const Stopwatch batch_watch;
  const Outputs batch = encoder->encode(input, options);
  const double batch_rate = static_cast<double>(kFrames) / batch_watch.seconds();
  findings.push_back(
      {Level::kOk, "speed",
       fmt::format("{:.3g} clips/s one at a time, {:.3g} in batches of {} ({} "
                   "frame{} a clip, {}x{})",
                   alone_rate, batch_rate, kFrames, info.frames_per_step,
                   info.frames_per_step == 1 ? "" : "s", input.size(3), input.size(4)),
       ""});

  findings.push_back(same_bits("a clip asked for twice", largest_difference(warm, 0, alone[0]),
                               "make the model deterministic: evaluation mode, no dropout, fixed "
                               "seeds"));
  double difference = 0.0;
  for (int64_t i = 0; i < kFrames && difference >= 0.0; ++i) {
    const double one = largest_difference(batch, i, alone[static_cast<std::size_t>(i)]);
    difference = one < 0.0 ? one : std::max(difference, one);
  }
  findings.push_back(same_bits("a clip alone and in a batch", difference,
                               "serve the model with batch=1, or keep --batch the same in every "
                               "run that is compared"));
  findings.push_back({Level::kOk, "untrained",
                      info.has_weights ? "weights can be drawn anew: the untrained null applies"
                                       : "no weights are drawn anew: the untrained null does not "
                                         "apply",
                      ""});
  return findings;
}

}  // namespace physprobe

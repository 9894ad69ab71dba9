#include "physprobe/eval/parity.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/run_plan.h"
#include "physprobe/video/preprocess.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace physprobe {
namespace {

const char* const kInput = "input";

std::vector<int64_t> without_ones(const at::Tensor& tensor) {
  std::vector<int64_t> sizes = tensor.sizes().vec();
  sizes.erase(std::remove(sizes.begin(), sizes.end(), 1), sizes.end());
  return sizes;
}

TapDeviation deviation(const std::string& case_path,
                       const std::string& tap,
                       const at::Tensor& found,
                       const at::Tensor& expected,
                       double tolerance) {
  // Code bases give the tokens of a clip as one row of all its steps.
  const at::Tensor in_one_row = found.flatten(1, 2);
  if (without_ones(found) != without_ones(expected) &&
      without_ones(in_one_row) != without_ones(expected)) {
    throw Error(ErrorKind::kIncompatible, case_path,
                fmt::format("expects '{}' as [{}], the encoder yields [{}]", tap,
                            fmt::join(expected.sizes(), ","), fmt::join(found.sizes(), ",")));
  }
  const at::Tensor theirs = expected.to(at::kDouble).reshape({-1});
  const at::Tensor ours = found.to(at::kDouble).reshape({-1});
  if (!at::isfinite(theirs).all().item<bool>()) {
    throw Error(ErrorKind::kInput, case_path, "holds values of '" + tap + "' that are not finite");
  }
  TapDeviation result;
  result.tap = tap;
  result.values = theirs.numel();
  if (result.values == 0) throw Error(ErrorKind::kInput, case_path, "'" + tap + "' is empty");
  result.largest_absolute = (ours - theirs).abs().max().item<double>();
  result.largest_expected = theirs.abs().max().item<double>();
  result.largest_relative =
      result.largest_expected > 0.0 ? result.largest_absolute / result.largest_expected : 0.0;
  result.allowed = tolerance * std::max(1.0, result.largest_expected);
  result.passes = result.largest_absolute <= result.allowed;
  return result;
}

/// The encoder and its frames (B,T,C,H,W).
struct Prepared {
  std::unique_ptr<Encoder> encoder;
  at::Tensor frames;
  std::string preprocessing;
};

constexpr const char* kExpectedInput =
    "expected images (B,3,H,W) or clips (B,T,3,H,W) floating and normalised, or (T,H,W,3) uint8";

Prepared prepare(nlohmann::json config, const std::string& case_path, int threads) {
  const SafetensorsFile file = SafetensorsFile::open(case_path);
  if (!file.contains(kInput)) {
    throw Error(ErrorKind::kUsage, case_path,
                fmt::format("holds no tensor 'input'; {} frames", kExpectedInput));
  }
  const at::Tensor input = file.read(kInput);
  Prepared prepared;
  if ((input.dim() == 4 || input.dim() == 5) && input.is_floating_point()) {
    config["preprocess"] = {{"resize", "none"}, {"crop", 0}};
    prepared.encoder = make_encoder(config);
    if (input.dim() == 4 && prepared.encoder->info().frames_per_step > 1) {
      throw Error(ErrorKind::kUsage, case_path,
                  fmt::format("holds 'input' as images [{}], but {} sees clips; expected "
                              "(B,T,3,H,W)",
                              fmt::join(input.sizes(), ","), prepared.encoder->info().id));
    }
    prepared.frames = input.to(at::kFloat);
    if (input.dim() == 4) prepared.frames = prepared.frames.unsqueeze(1);
    prepared.preprocessing = "none: the case holds normalised frames";
    return prepared;
  }
  if (input.dim() == 4 && input.scalar_type() == at::kByte && input.size(3) == 3) {
    prepared.encoder = make_encoder(config);
    const EncoderInfo& info = prepared.encoder->info();
    // Images of a batch, or the frames of one clip.
    prepared.frames = preprocess_frames(input, info.preprocess, threads)
                          .unsqueeze(info.frames_per_step > 1 ? 0 : 1);
    prepared.preprocessing = info.preprocess.name + ": " + info.preprocess.canonical();
    return prepared;
  }
  throw Error(ErrorKind::kUsage, case_path,
              fmt::format("holds 'input' as {} [{}]; {} frames", c10::toString(input.scalar_type()),
                          fmt::join(input.sizes(), ","), kExpectedInput));
}

std::vector<std::string> tap_names(const Encoder& encoder) {
  std::vector<std::string> names;
  for (const TapInfo& tap : encoder.info().taps) names.push_back(tap.name);
  return names;
}

double median_pass_seconds(const Prepared& prepared, const EncodeOptions& options, int64_t passes) {
  std::vector<double> seconds;
  for (int64_t i = 0; i < passes; ++i) {
    const auto start = std::chrono::steady_clock::now();
    prepared.encoder->encode(prepared.frames, options);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return seconds.empty() ? 0.0 : *middle;
}

/// Seconds of one pass over the frames: the better of two, the first of which also warms up.
double encode_seconds(const Prepared& prepared,
                      const EncodeOptions& options,
                      std::vector<TapOutput>& outputs) {
  double best = 0.0;
  for (int round = 0; round < 2; ++round) {
    const auto start = std::chrono::steady_clock::now();
    outputs = prepared.encoder->encode(prepared.frames, options);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

/// The taps a case has expectations for.
std::vector<std::string> expected_taps(const SafetensorsFile& file, const Encoder& encoder) {
  const std::vector<std::string> known = tap_names(encoder);
  std::vector<std::string> taps;
  for (const TensorEntry& entry : file.entries()) {
    if (entry.name == kInput) continue;
    if (std::find(known.begin(), known.end(), entry.name) == known.end()) {
      throw Error(ErrorKind::kUsage, file.path(),
                  "holds '" + entry.name + "', which is no tap of " + encoder.info().id +
                      did_you_mean(entry.name, known));
    }
    taps.push_back(entry.name);
  }
  if (taps.empty()) {
    throw Error(ErrorKind::kUsage, file.path(),
                "holds frames but nothing expected of them; add tensors named as taps (norm, "
                "pooled, block0, …)");
  }
  return taps;
}

}  // namespace

ParityReport check_parity(const nlohmann::json& given,
                          const std::string& case_path,
                          const ParityOptions& options) {
  const nlohmann::json config = on_device(given, options.device);
  const Prepared prepared = prepare(config, case_path, options.threads);
  ParityReport report;
  report.encoder = prepared.encoder->info().id;
  report.detection = prepared.encoder->info().detection;
  report.preprocessing = prepared.preprocessing;
  report.device = options.device;
  report.dtype = options.dtype.empty() ? "float32" : options.dtype;
  EncodeOptions encode;
  encode.threads = options.threads;
  if (options.dtype.empty()) {
    const SafetensorsFile file = SafetensorsFile::open(case_path);
    encode.taps = expected_taps(file, *prepared.encoder);
    for (const TapOutput& output : prepared.encoder->encode(prepared.frames, encode)) {
      report.taps.push_back(deviation(case_path, output.name, output.tokens, file.read(output.name),
                                      options.tolerance));
    }
    report.seconds_per_pass = median_pass_seconds(prepared, encode, options.timed_passes);
  } else {
    nlohmann::json other = config;
    other["options"]["dtype"] = options.dtype;
    const Prepared narrow = prepare(other, case_path, options.threads);
    std::vector<TapOutput> expected;
    std::vector<TapOutput> found;
    const double whole_seconds = encode_seconds(prepared, encode, expected);
    report.speed = whole_seconds / encode_seconds(narrow, encode, found);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      report.taps.push_back(deviation(case_path, expected[i].name, found[i].tokens,
                                      expected[i].tokens, options.tolerance));
    }
  }
  report.passes = std::all_of(report.taps.begin(), report.taps.end(),
                              [](const TapDeviation& tap) { return tap.passes; });
  return report;
}

}  // namespace physprobe

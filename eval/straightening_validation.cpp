#include "physprobe/eval/straightening_validation.h"

#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/published_straightening.h"
#include "physprobe/probes/cross_fade.h"
#include "physprobe/probes/straightening.h"
#include "physprobe/video/video_writer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

namespace physprobe {
namespace {

constexpr int64_t kSide = 256;
constexpr int64_t kFrames = 11;
// Results of the authors are rounded to four decimals; 2e-3 covers that and fp32 (golden README).
constexpr double kTolerance = 2e-3;
// A fade is straight in pixels; what is measured there is the rounding of acos near 1.
constexpr double kStraightTolerance = 0.5;

const char* const kLayers[] = {"pixel", "retina", "v1"};

/// (11, 256, 256) float32 grey levels 0..255.
at::Tensor read_movie(const std::string& path) {
  const at::Tensor image = read_image(path);
  if (image.size(0) != kFrames * kSide || image.size(1) != kSide) {
    throw Error(
        ErrorKind::kInput, path,
        fmt::format("is {} x {} pixels, expected {} wide and {} high (eleven frames stacked)",
                    image.size(1), image.size(0), kSide, kFrames * kSide));
  }
  return image.select(2, 0).reshape({kFrames, kSide, kSide}).to(at::kFloat);
}

/// One sequence as (11, 256, 256) grey levels.
at::Tensor sequence(const at::Tensor& movie, const PublishedSequence& published) {
  using Kind = PublishedSequence::Kind;
  std::vector<at::Tensor> frames;
  const at::Tensor first = movie[0];
  const float grey = first[0][0].item<float>();
  for (int64_t i = 0; i < kFrames; ++i) {
    switch (published.kind) {
      case Kind::kNatural:
        frames.push_back(movie[i]);
        break;
      case Kind::kFade:
        frames.push_back(cross_fade_frame(first, movie[kFrames - 1], i, kFrames));
        break;
      case Kind::kContrastLinear:
        frames.push_back(cross_fade_frame(first, (first - grey) * 0.5F + grey, i, kFrames));
        break;
      case Kind::kContrastLog:
        frames.push_back((first - grey) * static_cast<float>(std::pow(
                                              0.1, static_cast<double>(i) / (kFrames - 1))) +
                         grey);
        break;
    }
  }
  return at::stack(frames);
}

}  // namespace

std::vector<ValidationLine> validate_straightening(const std::string& folder, int threads) {
  if (!std::filesystem::is_directory(folder))
    throw Error(ErrorKind::kInput, folder,
                "is no folder; expected the twelve natural movies at 256x256");
  std::map<std::string, at::Tensor> movies;
  std::string problems;
  std::set<std::string> missing;
  for (const PublishedSequence& published : published_sequences()) {
    if (movies.count(published.movie) != 0) continue;
    const std::string path = folder + "/" + published.movie + ".png";
    if (!std::filesystem::exists(path)) {
      if (missing.insert(published.movie).second)
        problems += (problems.empty() ? "" : ", ") + published.movie + ".png";
      continue;
    }
    movies[published.movie] = read_movie(path);
  }
  if (!problems.empty()) {
    throw Error(
        ErrorKind::kInput, folder,
        "lacks " + problems +
            "; expected the twelve natural movies at 256x256, eleven frames stacked per PNG");
  }
  const auto encoder = make_encoder(nlohmann::json{{"family", "v1"}});
  EncodeOptions encode;
  encode.taps = {kLayers[0], kLayers[1], kLayers[2]};
  encode.threads = threads;

  std::vector<ValidationLine> lines;
  std::map<std::string, std::map<std::string, std::vector<double>>> groups;
  for (const PublishedSequence& published : published_sequences()) {
    const at::Tensor frames = sequence(movies.at(published.movie), published) / 255.0F;
    const auto outputs = encoder->encode(frames.unsqueeze(1).unsqueeze(1), encode);
    for (std::size_t layer = 0; layer < 3; ++layer) {
      const double measured =
          straightening(trajectory_geometry(outputs[layer].tokens.reshape({kFrames, -1})))
              .mean_curvature_deg;
      groups[published.condition][kLayers[layer]].push_back(measured);
      ValidationLine line;
      line.sequence = published.name;
      line.condition = published.condition;
      line.layer = kLayers[layer];
      line.measured_deg = measured;
      line.published_deg = published.published_deg[layer];
      line.tolerance_deg = published.kind != PublishedSequence::Kind::kNatural && layer == 0
                               ? kStraightTolerance
                               : kTolerance;
      line.holds = std::abs(line.measured_deg - line.published_deg) <= line.tolerance_deg;
      lines.push_back(line);
    }
  }
  for (const PublishedMean& published : published_means()) {
    for (std::size_t layer = 0; layer < 3; ++layer) {
      ValidationLine line;
      line.sequence = "MEAN";
      line.condition = published.condition;
      line.layer = kLayers[layer];
      line.measured_deg = mean(groups.at(published.condition).at(kLayers[layer]));
      line.published_deg = published.published_deg[layer];
      line.tolerance_deg = std::string(published.condition) != "natural" && layer == 0
                               ? kStraightTolerance
                               : kTolerance;
      line.holds = std::abs(line.measured_deg - line.published_deg) <= line.tolerance_deg;
      lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace physprobe

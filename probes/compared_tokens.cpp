#include "physprobe/probes/compared_tokens.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

namespace physprobe {
namespace {

constexpr double kTargetEps = 1e-5;
/// Sums run in this many lanes: an order that compilers can vectorise and nothing else decides.
constexpr int64_t kLanes = 8;
/// Tokens that one task takes: enough to be worth one.
constexpr int64_t kBlock = 128;
/// Fewer numbers than these are not worth waking threads for. No BLAS is behind these loops, so
/// that a plain loop gives the same bits.
constexpr int64_t kSmall = 2'000'000;

template <typename Body>
void for_each_task(int64_t count, int64_t numbers, const Body& body) {
  if (numbers >= kSmall) {
    parallel_for(count, 0, body);
    return;
  }
  for (int64_t task = 0; task < count; ++task) body(task);
}

void require(bool holds, const std::string& text) {
  if (!holds) throw Error(ErrorKind::kInput, "prediction and target", text);
}

double lane_sum(const std::array<double, kLanes>& lanes) {
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

template <typename Term>
double summed(int64_t count, const Term& term) {
  std::array<double, kLanes> lanes{};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes[static_cast<std::size_t>(lane)] += term(i + lane);
  }
  for (; i < count; ++i) lanes[static_cast<std::size_t>(i % kLanes)] += term(i);
  return lane_sum(lanes);
}

struct Normaliser {
  double mean = 0.0;
  double scale = 1.0;
};

Normaliser normaliser_of(const ComparedTokens& tokens, int64_t row) {
  if (tokens.mean.empty()) return {};
  return {tokens.mean[static_cast<std::size_t>(row)], tokens.scale[static_cast<std::size_t>(row)]};
}

template <typename Scalar>
void normalise(ComparedTokens& tokens) {
  const int64_t width = tokens.width();
  const int64_t rows = tokens.windows() * tokens.tokens();
  const auto* values = tokens.values.data_ptr<Scalar>();
  tokens.mean.resize(static_cast<std::size_t>(rows));
  tokens.scale.resize(static_cast<std::size_t>(rows));
  for_each_task((rows + kBlock - 1) / kBlock, rows * width, [&](int64_t block) {
    for (int64_t r = block * kBlock; r < std::min(rows, (block + 1) * kBlock); ++r) {
      const Scalar* row = values + r * width;
      const double n = static_cast<double>(width);
      const double mean =
          summed(width, [row](int64_t d) { return static_cast<double>(row[d]); }) / n;
      const double variance = summed(width,
                                     [row, mean](int64_t d) {
                                       const double difference = static_cast<double>(row[d]) - mean;
                                       return difference * difference;
                                     }) /
                              n;
      tokens.mean[static_cast<std::size_t>(r)] = mean;
      tokens.scale[static_cast<std::size_t>(r)] = 1.0 / std::sqrt(variance + kTargetEps);
    }
  });
}

/// `distance(row of the target, row of the prediction)` for every token.
template <typename Distance>
at::Tensor distances_of(const TokenSpan& target,
                        int64_t prediction_begin,
                        int64_t prediction_size,
                        int64_t prediction_tokens,
                        const Distance& distance) {
  const int64_t windows = target.tokens.windows();
  at::Tensor result = at::empty({windows, target.size()}, at::kDouble);
  double* out = result.data_ptr<double>();
  const int64_t count = windows * target.size();
  for_each_task((count + kBlock - 1) / kBlock, count * target.tokens.width(), [&](int64_t block) {
    for (int64_t i = block * kBlock; i < std::min(count, (block + 1) * kBlock); ++i) {
      const int64_t window = i / target.size();
      const int64_t token = i % target.size();
      out[i] = distance(window * target.tokens.tokens() + target.begin + token,
                        window * prediction_tokens + prediction_begin + token % prediction_size);
    }
  });
  for (int64_t i = 0; i < count; ++i) {
    require(std::isfinite(out[i]),
            fmt::format("window {} holds values that are not finite", i / target.size()));
  }
  return result;
}

template <typename Scalar>
at::Tensor distances(const TokenSpan& prediction, const TokenSpan& target) {
  const int64_t width = target.tokens.width();
  const auto* predicted = prediction.tokens.values.data_ptr<Scalar>();
  const auto* wanted = target.tokens.values.data_ptr<Scalar>();
  return distances_of(
      target, prediction.begin, prediction.size(), prediction.tokens.tokens(),
      [&](int64_t target_row, int64_t prediction_row) {
        const Normaliser h = normaliser_of(target.tokens, target_row);
        const Normaliser z = normaliser_of(prediction.tokens, prediction_row);
        const Scalar* a = predicted + prediction_row * width;
        const Scalar* b = wanted + target_row * width;
        return summed(width,
                      [&](int64_t d) {
                        return std::abs((static_cast<double>(a[d]) - z.mean) * z.scale -
                                        (static_cast<double>(b[d]) - h.mean) * h.scale);
                      }) /
               static_cast<double>(width);
      });
}

/// splitmix64's finaliser: neighbouring places get unrelated bits.
uint64_t mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

template <typename Scalar>
void add_sketch(
    const ComparedTokens& tokens, int64_t window, uint64_t seed, int64_t width, double* sketch) {
  const uint64_t start = mixed(seed);
  const auto mask = static_cast<uint64_t>(width - 1);
  uint64_t place = 0;
  for (int64_t t = 0; t < tokens.tokens(); ++t) {
    const int64_t row = window * tokens.tokens() + t;
    const Normaliser by = normaliser_of(tokens, row);
    const Scalar* values = tokens.values.data_ptr<Scalar>() + row * tokens.width();
    for (int64_t d = 0; d < tokens.width(); ++d, ++place) {
      const uint64_t bits = mixed(start + place);
      const double value = (static_cast<double>(values[d]) - by.mean) * by.scale;
      sketch[(bits >> 1) & mask] += (bits & 1) != 0 ? value : -value;
    }
  }
}

}  // namespace

ComparedTokens compared_tokens(const at::Tensor& tokens, bool normalises) {
  require(tokens.dim() == 3 && tokens.is_floating_point(),
          fmt::format("({}) are not (windows, tokens, D) of a floating type",
                      fmt::join(tokens.sizes(), ", ")));
  require(tokens.size(1) > 0 && tokens.size(2) > 0, "hold no tokens");
  ComparedTokens compared;
  compared.values = tokens.scalar_type() == at::kDouble ? tokens.contiguous()
                                                        : tokens.to(at::kFloat).contiguous();
  if (!normalises) return compared;
  if (compared.values.scalar_type() == at::kDouble)
    normalise<double>(compared);
  else
    normalise<float>(compared);
  return compared;
}

at::Tensor token_surprise(const TokenSpan& prediction, const TokenSpan& target) {
  require(prediction.tokens.windows() == target.tokens.windows() &&
              prediction.tokens.width() == target.tokens.width() && prediction.size() > 0 &&
              target.size() % prediction.size() == 0,
          "differ in shape, or are not (windows, tokens, D)");
  const bool are_floats = prediction.tokens.values.scalar_type() == at::kFloat &&
                          target.tokens.values.scalar_type() == at::kFloat;
  if (are_floats) return distances<float>(prediction, target);
  const auto widened = [](const ComparedTokens& tokens) {
    return ComparedTokens{tokens.values.to(at::kDouble), tokens.mean, tokens.scale};
  };
  const ComparedTokens z = widened(prediction.tokens);
  const ComparedTokens h = widened(target.tokens);
  return distances<double>({z, prediction.begin, prediction.end}, {h, target.begin, target.end});
}

at::Tensor zero_surprise(const TokenSpan& target) {
  const ComparedTokens zeros{at::zeros({target.tokens.windows(), 1, target.tokens.width()},
                                       target.tokens.values.options()),
                             {},
                             {}};
  return token_surprise({zeros, 0, 1}, target);
}

std::vector<double> mean_surprise(const at::Tensor& by_token) {
  const at::Tensor rows = by_token.to(at::kDouble).contiguous();
  const double* distance = rows.data_ptr<double>();
  const int64_t tokens = rows.size(1);
  std::vector<double> surprise;
  for (int64_t w = 0; w < rows.size(0); ++w) {
    double sum = 0.0;
    for (int64_t t = 0; t < tokens; ++t) sum += *distance++;
    surprise.push_back(sum / static_cast<double>(tokens));
  }
  return surprise;
}

at::Tensor token_sketch(const ComparedTokens& tokens, int64_t width, uint64_t seed) {
  at::Tensor sketches = at::zeros({tokens.windows(), width}, at::kDouble);
  for_each_task(tokens.windows(), tokens.values.numel(), [&](int64_t window) {
    double* sketch = sketches.data_ptr<double>() + window * width;
    if (tokens.values.scalar_type() == at::kDouble)
      add_sketch<double>(tokens, window, seed, width, sketch);
    else
      add_sketch<float>(tokens, window, seed, width, sketch);
  });
  return sketches.to(at::kFloat);
}

}  // namespace physprobe

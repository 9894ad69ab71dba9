#include "physprobe/probes/compared_tokens.h"

#include "physprobe/core/rng.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace physprobe {
namespace {

/// Contexts in groups of four that resemble each other, as scenes do: the same tokens and noise.
at::Tensor drawn_contexts(int64_t scenes, int64_t tokens, int64_t width) {
  at::Tensor contexts = at::empty({scenes * 4, tokens, width}, at::kFloat);
  Rng rng(7);
  float* value = contexts.data_ptr<float>();
  const int64_t size = tokens * width;
  for (int64_t scene = 0; scene < scenes; ++scene) {
    for (int64_t i = 0; i < size; ++i)
      value[scene * 4 * size + i] = static_cast<float>(rng.normal());
    for (int64_t twin = 1; twin < 4; ++twin) {
      for (int64_t i = 0; i < size; ++i)
        value[(scene * 4 + twin) * size + i] =
            value[scene * 4 * size + i] + 0.5F * static_cast<float>(rng.normal());
    }
  }
  return contexts;
}

at::Tensor squared_distances(const at::Tensor& vectors) {
  const at::Tensor rows = vectors.flatten(1).to(at::kDouble);
  return (rows.unsqueeze(0) - rows.unsqueeze(1)).square().sum(2);
}

TEST(TokenSketch, KeepsDistancesAndTheNearestCase) {
  constexpr int64_t kWidth = 512;
  const at::Tensor contexts = drawn_contexts(12, 64, 24);
  const at::Tensor exact = squared_distances(contexts);
  const at::Tensor sketched =
      squared_distances(token_sketch(compared_tokens(contexts, false), kWidth, 3));
  const int64_t n = contexts.size(0);
  // The relative deviation of one squared distance is sqrt(2 / 512) = 0.0625 (Weinberger et al.
  // 2009); over 1,128 dependent pairs the largest is held below five of them.
  double sum = 0.0;
  double largest = 0.0;
  int64_t pairs = 0;
  for (int64_t a = 0; a < n; ++a) {
    for (int64_t b = 0; b < a; ++b) {
      const double error = (sketched[a][b] / exact[a][b]).item<double>() - 1.0;
      sum += error * error;
      largest = std::max(largest, std::abs(error));
      ++pairs;
    }
  }
  const double deviation = std::sqrt(sum / static_cast<double>(pairs));
  EXPECT_GT(deviation, 0.04);  // a sketch that kept everything would not be one
  EXPECT_LT(deviation, 0.08);
  EXPECT_LT(largest, 5.0 * 0.0625);
  // Who is nearest: always one of the scene (others are four times as far), and never much farther
  // than the truly nearest one.
  const at::Tensor self = at::eye(n, at::kDouble) * 1e12;
  const at::Tensor truly = std::get<0>((exact + self).min(1));
  const at::Tensor found = std::get<1>((sketched + self).min(1));
  for (int64_t a = 0; a < n; ++a) {
    const auto b = found[a].item<int64_t>();
    EXPECT_EQ(a / 4, b / 4);
    EXPECT_LT((exact[a][b] / truly[a]).item<double>(), std::pow(1.0 + 5.0 * 0.0625, 2));
  }
}

TEST(TokenSketch, DependsOnPlaceAndSeedAlone) {
  const at::Tensor contexts = drawn_contexts(2, 16, 8);
  const at::Tensor all = token_sketch(compared_tokens(contexts, true), 64, 3);
  const at::Tensor one = token_sketch(compared_tokens(contexts.narrow(0, 5, 1), true), 64, 3);
  EXPECT_TRUE(all[5].equal(one[0]));
  EXPECT_FALSE(all[5].equal(token_sketch(compared_tokens(contexts, true), 64, 4)[5]));
}

TEST(ComparedTokens, SurpriseIsTheMeanAbsoluteDifferenceToNormedTargets) {
  const at::Tensor target = drawn_contexts(1, 6, 8);
  const at::Tensor prediction = target.flip(2).contiguous();
  const ComparedTokens wanted = compared_tokens(target, true);
  const ComparedTokens guess = compared_tokens(prediction, false);
  const at::Tensor given = token_surprise({guess, 0, 4}, {wanted, 2, 6});
  const at::Tensor normed =
      at::layer_norm(target.to(at::kDouble), {8}, {}, {}, 1e-5).narrow(1, 2, 4);
  const at::Tensor expected = (prediction.to(at::kDouble).narrow(1, 0, 4) - normed).abs().mean(2);
  // float32 values, double sums: the formula's own rounding.
  EXPECT_LT((given - expected).abs().max().item<double>(), 1e-6);
}

}  // namespace
}  // namespace physprobe

#pragma once
// Tokens as surprise compares them: as they are, or normalised on the fly, without a copy of the
// normalised values.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace physprobe {

/// (windows, tokens, D), contiguous float32 or float64, and what normalises each token.
struct ComparedTokens {
  at::Tensor values;
  std::vector<double> mean;   ///< By window, then token; empty: compared as they are.
  std::vector<double> scale;  ///< 1 / sqrt(variance + eps).

  int64_t windows() const { return values.size(0); }
  int64_t tokens() const { return values.size(1); }
  int64_t width() const { return values.size(2); }
};

/// With `normalises` every token passes a layer norm without affine part (eps 1e-5), as V-JEPA's
/// protocol has it for targets. Throws Error(kInput) unless `tokens` is (windows, tokens, D) of a
/// floating type with at least one token and number.
ComparedTokens compared_tokens(const at::Tensor& tokens, bool normalises);

/// Tokens [begin, end) of every window; `tokens` outlives it.
struct TokenSpan {
  const ComparedTokens& tokens;
  int64_t begin;
  int64_t end;
  int64_t size() const { return end - begin; }
};

/// Mean absolute difference over D of every token: (windows, target.size()) float64. A prediction
/// of fewer tokens is repeated: token t is held against prediction t mod prediction.size(). Sums in
/// double in an order fixed by D alone. Throws Error(kInput) for shapes that do not fit and
/// distances that are not finite.
at::Tensor token_surprise(const TokenSpan& prediction, const TokenSpan& target);

/// The same for a prediction of zeros.
at::Tensor zero_surprise(const TokenSpan& target);

/// Mean over tokens of each window of (windows, tokens) distances.
std::vector<double> mean_surprise(const at::Tensor& by_token);

/// Count sketch (Charikar, Chen and Farach-Colton 2002; Weinberger et al. 2009) of each window's
/// tokens as one long vector: every number is added, under a sign, to one of `width` buckets (a
/// power of two), both drawn by `seed` and the number's place alone. Squared distances are kept in
/// expectation, with a relative standard deviation of about sqrt(2 / width). (windows, width)
/// float32.
at::Tensor token_sketch(const ComparedTokens& tokens, int64_t width, uint64_t seed);

}  // namespace physprobe

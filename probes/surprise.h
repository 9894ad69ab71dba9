#pragma once
// Surprise of a latent video predictor: how far its prediction of the masked future is from what
// the target encoder sees there.

#include <ATen/core/Tensor.h>

#include <vector>

namespace physprobe {

/// Each token (last dimension) through a layer norm without affine part (eps 1e-5), as float64:
/// what the protocol holds predictions against. Any leading dimensions.
at::Tensor normalised_tokens(const at::Tensor& tokens);

/// Mean L1 distance over D of every token, (windows, tokens) float64 from `prediction` and `target`
/// (windows, tokens, D); neither is normalised here. Double sums in a fixed order. Throws
/// Error(kInput) for shapes that differ and distances that are not finite.
at::Tensor token_surprise(const at::Tensor& prediction, const at::Tensor& target);

/// Mean L1 distance of predictions to targets, both (windows, tokens, D) or (tokens, D), per window
/// (Garrido et al. 2025). With `normalises_targets` every target token passes `normalised_tokens`
/// first, as the protocol has it; predictions never do. Errors as `token_surprise`.
std::vector<double> surprise_of(const at::Tensor& prediction,
                                const at::Tensor& target,
                                bool normalises_targets = true);

/// Mean over tokens of each window of (windows, tokens) distances.
std::vector<double> mean_surprise(const at::Tensor& by_token);

}  // namespace physprobe

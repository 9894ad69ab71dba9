#pragma once
// Surprise of a latent video predictor: how far its prediction of the masked future is from what
// the target encoder sees there.

#include <ATen/core/Tensor.h>

#include <vector>

namespace physprobe {

/// Mean L1 distance of predictions to targets, both (windows, tokens, D) or (tokens, D), per window
/// (Garrido et al. 2025). With `normalises_targets` every target token is normalised first
/// (compared_tokens.h), as the protocol has it; predictions never are. Double sums in a fixed
/// order. Throws Error(kInput) for shapes that differ and values that are not finite.
std::vector<double> surprise_of(const at::Tensor& prediction,
                                const at::Tensor& target,
                                bool normalises_targets = true);

}  // namespace physprobe

#include "physprobe/probes/surprise.h"

#include "physprobe/core/error.h"
#include "physprobe/probes/compared_tokens.h"

#include <ATen/ATen.h>

namespace physprobe {

std::vector<double> surprise_of(const at::Tensor& prediction,
                                const at::Tensor& target,
                                bool normalises_targets) {
  if (prediction.sizes() != target.sizes() || target.dim() < 2) {
    throw Error(ErrorKind::kInput, "prediction and target",
                "differ in shape, or are not (windows, tokens, D)");
  }
  const bool is_one_window = target.dim() == 2;
  const ComparedTokens wanted =
      compared_tokens(is_one_window ? target.unsqueeze(0) : target, normalises_targets);
  const ComparedTokens predicted =
      compared_tokens(is_one_window ? prediction.unsqueeze(0) : prediction, false);
  return mean_surprise(
      token_surprise({predicted, 0, predicted.tokens()}, {wanted, 0, wanted.tokens()}));
}

}  // namespace physprobe

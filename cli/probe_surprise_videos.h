#pragma once
// `probe surprise` with a predictor of our own running: on frames given as a tensor.

#include "physprobe/cli/command.h"
#include "physprobe/cli/surprise_model_flags.h"

#include <string>
#include <vector>

namespace physprobe {

struct TensorSurpriseRequest {
  std::string frames;  ///< FILE:NAME
  std::vector<int64_t> contexts;
  int64_t fixed_context = 0;
  bool pads_with_zeros = false;  ///< Curves of growing contexts: all of the longest one's length.
};

/// Prints the surprise of the frames with the protocol in force; returns the exit code.
int probe_surprise_of_tensor(const TensorSurpriseRequest& request,
                             const SurpriseModelFlags& model,
                             const CommonFlags& common,
                             Invocation& invocation);

}  // namespace physprobe

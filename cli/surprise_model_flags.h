#pragma once
// The flags by which surprise names a predictor, its windows and its nulls.

#include "physprobe/cli/command.h"
#include "physprobe/eval/voe/surprise_jobs.h"

#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct SurpriseModelFlags {
  std::string encoder;
  std::string protocol;
  std::optional<int64_t> window, stride, skip;
  bool grows_context = false;
  std::vector<std::string> nulls = {"all"};
  int64_t untrained_seeds = 1;
  std::string pixel_predictor;

  /// The predictor and its windows; --context is not among them, arrays share it.
  void add(CLI::App& app);
  void add_nulls(CLI::App& app);
  /// `contexts` empty: the published ones.
  std::vector<SurpriseJob> jobs(const std::vector<int64_t>& contexts,
                                int64_t fixed_context,
                                const std::string& device) const;
  bool wants_nearest() const;

 private:
  /// The protocol's (or the defaults), with what was given in their place.
  PredictionWindows windows(const std::vector<int64_t>& contexts) const;
};

}  // namespace physprobe

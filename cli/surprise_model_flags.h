#pragma once
// The flags by which surprise names a predictor, its windows and its nulls.

#include "physprobe/cli/command.h"
#include "physprobe/eval/voe/surprise_jobs.h"

#include <string>
#include <vector>

namespace physprobe {

struct SurpriseModelFlags {
  std::string encoder;
  PredictionWindows windows;
  std::vector<std::string> nulls = {"all"};
  int64_t untrained_seeds = 1;
  std::string protocol;  ///< Of frames; "": the data set's default, if it has one.

  /// All but --context, which arrays share (`contexts` empty: the published ones).
  void add(CLI::App& app);
  std::vector<SurpriseJob> jobs(const std::vector<int64_t>& contexts,
                                int64_t fixed_context,
                                const std::string& device) const;
  bool wants_nearest() const;
  /// Windows, skip, contexts and the like of the protocol that is named, or else of the layout's
  /// default; flags that were given stay. False if there is none.
  bool use_protocol(const std::string& layout, std::vector<int64_t>& contexts);

 private:
  CLI::Option* window_ = nullptr;
  CLI::Option* stride_ = nullptr;
  CLI::Option* skip_ = nullptr;
};

}  // namespace physprobe

#pragma once
// `probe surprise` with a predictor running: on frames given as a tensor, and on data sets.

#include "physprobe/cli/command.h"
#include "physprobe/cli/surprise_model_flags.h"
#include "physprobe/eval/suite.h"
#include "physprobe/eval/voe/surprise_run.h"

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

/// How a data set is named: as suites do it, without a suite file.
struct SurpriseDatasetFlags {
  std::string path;
  std::vector<std::string> set;
  int64_t limit = -1;
  bool allow_outside_root = false;

  void add(CLI::App& app);
  bool is_given() const { return !path.empty() || !set.empty(); }
  /// A suite of which the dataset and video sections count. `columns`: OURS=THEIRS texts.
  Suite suite(const std::vector<std::string>& columns) const;
};

/// Curves of every video and what the nulls reach, for data sets without labels; also as
/// `out`/curves.json, unless `out` is empty.
int print_surprise_run(const SurpriseRun& run,
                       const std::vector<SurpriseJob>& jobs,
                       const CommonFlags& common,
                       const std::string& out,
                       Invocation& invocation);

}  // namespace physprobe

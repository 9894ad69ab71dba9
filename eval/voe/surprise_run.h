#pragma once
// Surprise over a data set: every video through the predictor and its nulls, kept in a store so
// that a run killed at any moment continues, and gathered as one set of curves per model.

#include "physprobe/core/progress.h"
#include "physprobe/eval/suite.h"
#include "physprobe/eval/voe/stored_surprise.h"
#include "physprobe/eval/voe/surprise_arrays.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

struct SurpriseRunOptions {
  std::string store;  ///< Folder of the store; "": nothing is kept.
  int threads = 0;
  ProgressMode progress = ProgressMode::kAuto;
  std::function<void(const std::string&)> narrate;  ///< Told of every item, if set.
  /// Attributes of items by which results are broken down.
  std::vector<std::string> attributes = {"condition", "difficulty", "camera", "violation"};
  bool attributes_are_required = false;  ///< A data set without one of them is refused.
};

/// A video that went through.
struct SurpriseRunItem {
  const DatasetItem* item = nullptr;
  StoredSurprise model;  ///< Of the model itself, without context_sketches.
};

struct SurpriseRun {
  std::shared_ptr<const Dataset> dataset;
  /// As results name it: the data set's path, or "world <name>" wherever that was drawn.
  std::string source;
  /// The model, then its nulls: zero prediction, copy of the last context, nearest case, untrained
  /// networks, pixel copy; the same items in each, in the data set's order. Videos that failed are
  /// in the model's problems.
  std::vector<SurpriseArrays> models;
  std::vector<SurpriseRunItem> items;
  bool has_labels = false;         ///< Possible and impossible videos: scores exist.
  std::vector<std::string> notes;  ///< What was left out, and why.
  int64_t from_store = 0;
  int interrupted_by = 0;  ///< Signal; the rest is not meant to be used then.
};

/// True if the item says possible or impossible (or 1 or 0).
bool has_plausibility_label(const DatasetItem& item);
/// What only the videos of a published data set tell (voe_dataset.h): IntPhys' partners under the
/// frames that are looked at, InfLevel's first frames. Quadruplets without partners are problems.
Dataset with_pairs(Dataset dataset,
                   const PredictionWindows& windows,
                   int threads,
                   std::vector<PairProblem>& problems);

/// An item without curves: its pair (default: the id without its last `_…`), property (attributes
/// property or task), label and scene (its group).
SurpriseItem labelled_item(const DatasetItem& item);

/// Looks at the data set of `suite` (its dataset and video sections). Curves have labels where
/// items do; IntPhys' partners and InfLevel's first frames are found first (voe_dataset.h). Throws
/// for errors of the run as a whole (a data set that cannot be read, no disk space); errors of a
/// video are data.
SurpriseRun run_surprise(const Suite& suite,
                         const std::vector<SurpriseJob>& jobs,
                         bool with_nearest,
                         const SurpriseRunOptions& options);

}  // namespace physprobe

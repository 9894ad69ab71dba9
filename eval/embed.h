#pragma once
// Embedding alone: a data set into a store, without probes or a run directory (`physprobe embed`).

#include "physprobe/core/progress.h"
#include "physprobe/eval/shard.h"
#include "physprobe/eval/suite.h"

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

struct EmbedOptions {
  std::string store;
  bool keep_tokens = false;  ///< Store every tap's tokens too ("<tap>/tokens"): large.
  Shard shard;
  int threads = 0;
  std::string device;                               ///< Where encoders compute (run_plan.h).
  std::function<void(const std::string&)> narrate;  ///< Told of every step, if set.
  ProgressMode progress = ProgressMode::kAuto;
};

struct EmbedSummary {
  int64_t items = 0;
  int64_t embedded = 0;
  int64_t from_store = 0;
  std::vector<std::string> failures;  ///< "id: message", in manifest order.
  std::vector<std::string> spaces;    ///< Space names written, one per encoder.
  int interrupted_by = 0;
};

/// Embeds every item that the store does not hold yet; resumable at any moment.
EmbedSummary embed_dataset(const Suite& suite, const EmbedOptions& options);

}  // namespace physprobe

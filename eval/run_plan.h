#pragma once
// What a run will do: the items of its shard, the encoders built once, and the jobs every item goes
// through.

#include "physprobe/eval/embedding_pass.h"
#include "physprobe/eval/shard.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace physprobe {

struct RunPlan {
  Dataset dataset;                        ///< All items.
  std::vector<const DatasetItem*> items;  ///< Of this shard, in manifest order.
  std::vector<int64_t> positions;         ///< Their places in the whole data set.
  std::vector<EmbeddingJob> jobs;
};

/// Names the list of items: their ids in order.
std::string ids_digest(const Dataset& dataset);

/// The configuration of an encoder (encoder_factory.h) with `device` where it belongs, as plan_jobs
/// does it.
nlohmann::json on_device(nlohmann::json config, const std::string& device);

/// The jobs of a suite: one per encoder, and one per untrained seed for encoders that have weights.
/// `device` ("" = none asked for) is handed on to models behind exec: that name none themselves;
/// the built-in encoders compute on the "cpu". Throws Error(kUsage) for an unknown tap, two
/// encoders of the same id, or another device for a built-in encoder.
std::vector<EmbeddingJob> plan_jobs(const Suite& suite, const std::string& device = "");

/// Loads the data set of a suite, or renders it into `world_directory`. Throws Error(kUsage) when
/// the suite names none.
Dataset load_suite_dataset(const Suite& suite, const std::string& world_directory, int threads);

/// Loads (or renders, into `world_directory`) the data set and builds the encoders.
RunPlan make_plan(const Suite& suite,
                  const Shard& shard,
                  const std::string& world_directory,
                  int threads,
                  const std::string& device = "");

/// plan.json: what `merge` needs to prove that nothing is missing or doubled.
nlohmann::ordered_json plan_json(const RunPlan& plan, const Suite& suite, const Shard& shard);

}  // namespace physprobe

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/datasets/worlds/world_catalog.h"
#include "physprobe/eval/host_facts.h"
#include "physprobe/eval/item_failure.h"
#include "physprobe/eval/run.h"
#include "physprobe/eval/run_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <numeric>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

/// So many unreadable items in a row end the measurement.
constexpr std::size_t kMostFailures = 20;

double folder_bytes(const std::string& folder) {
  double bytes = 0.0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
}

/// The nearest folder above the results that exists: a dry run creates none of them.
fs::path existing_parent(const std::string& out) {
  fs::path parent = fs::absolute(out).lexically_normal().parent_path();
  while (!fs::exists(parent) && parent.has_relative_path()) parent = parent.parent_path();
  return parent;
}

/// A scratch folder on the disk of the results, removed at the end.
class Scratch {
 public:
  explicit Scratch(const std::string& out)
      : path_(temporary_sibling((existing_parent(out) / "physprobe-dry-run").string())) {
    create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A rendered world needs no more than the clips that are measured.
constexpr int64_t kMeasuredClips = 3;

/// The suite whose items are measured, and how many items the run's shard has.
struct Measured {
  Suite suite;
  Shard shard;
  int64_t items = -1;  ///< -1: as many as the plan says.
};

Measured measured_part(const Suite& suite, const Shard& shard) {
  if (suite.world.empty() || suite.world_clips <= kMeasuredClips) return {suite, shard, -1};
  Measured measured{suite, Shard{}, 0};
  measured.suite.world_clips = kMeasuredClips;
  int64_t position = 0;
  for (const DatasetItem& item : world_items(suite.world, suite.world_clips, suite.world_seed)) {
    const bool is_taken = suite.dataset.limit == 0 || position < suite.dataset.limit;
    if (is_taken && shard.contains(item.id)) ++measured.items;
    ++position;
  }
  return measured;
}

/// Embeds one item into the scratch folder as a run would; returns the seconds it took.
double measure_item(const Suite& suite,
                    const RunOptions& options,
                    const RunPlan& plan,
                    std::size_t index,
                    const std::string& scratch,
                    EmbeddingStore& store) {
  const DatasetItem& item = *plan.items[index];
  const auto start = std::chrono::steady_clock::now();
  const std::string digest = content_digest(item.path);
  std::vector<std::string> keys;
  for (const EmbeddingJob& job : plan.jobs) keys.push_back(cache_key(suite, job, item, digest));
  EmbeddingPassOptions pass;
  pass.threads = options.threads;
  pass.chunk_frames = options.chunk_frames;
  pass.media_directory = scratch + "/media";
  pass.media_stem = fmt::format("00/{}", index);
  std::vector<StoreRecord> fresh;
  for (StoreRecord& record : embed_item(suite, item, plan.jobs, keys, pass)) {
    if (!store.contains(record.key)) fresh.push_back(std::move(record));
  }
  store.append(fresh);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What grows with the number of items: the retrieval vectors and a few numbers per tap.
double bytes_per_item(const RunPlan& plan) {
  constexpr double kVector = 4096.0 * 4.0;
  constexpr double kNumbers = 512.0;
  double bytes = 0.0;
  for (const EmbeddingJob& job : plan.jobs)
    bytes += kVector + kNumbers * static_cast<double>(job.taps.size());
  return bytes;
}

}  // namespace

RunEstimate estimate_run(const Suite& suite, const RunOptions& options) {
  options.validate();
  const Scratch scratch(options.out);
  const Measured measured_run = measured_part(suite, options.shard);
  const RunPlan plan = make_plan(measured_run.suite, measured_run.shard, scratch.path() + "/data",
                                 options.threads, options.device);
  RunEstimate estimate;
  estimate.items =
      measured_run.items < 0 ? static_cast<int64_t>(plan.items.size()) : measured_run.items;
  if (estimate.items == 0) return estimate;
  const auto store = EmbeddingStore::open_writer(scratch.path() + "/store");
  // The first item also loads libraries, filters and caches, which a run does once: two more are
  // timed when there are that many.
  std::vector<double> seconds;
  for (std::size_t i = 0; i < plan.items.size() && seconds.size() < 3; ++i) {
    try {
      seconds.push_back(measure_item(suite, options, plan, i, scratch.path(), *store));
    } catch (const Interrupted&) {
      estimate.interrupted_by = interrupt_signal();
      return estimate;
    } catch (const Error& error) {
      if (ends_the_run(error, *plan.items[i])) throw;
      estimate.warnings.push_back(error.what());
      if (seconds.empty() && estimate.warnings.size() == kMostFailures) break;
    }
  }
  if (seconds.empty()) {
    throw Error(ErrorKind::kInput, suite.dataset_path,
                fmt::format("none of the first {} items could be read, so nothing was measured: {}",
                            estimate.warnings.size(), estimate.warnings.front()));
  }
  estimate.measured_items = static_cast<int64_t>(seconds.size());
  const double items = static_cast<double>(estimate.items);
  const double measured = static_cast<double>(seconds.size());
  const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  estimate.seconds_per_item =
      seconds.size() == 1 ? all : (all - seconds.front()) / (measured - 1.0);
  estimate.seconds_total = std::max(0.0, seconds.front() - estimate.seconds_per_item) +
                           estimate.seconds_per_item * items;
  double bytes = folder_bytes(scratch.path() + "/store");
  if (fs::exists(scratch.path() + "/media")) bytes += folder_bytes(scratch.path() + "/media");
  estimate.disk_bytes = bytes / measured * items;
  estimate.peak_memory_bytes = 1e6 * peak_memory_mb() + bytes_per_item(plan) * items;
  return estimate;
}

}  // namespace physprobe

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/eval/run.h"
#include "physprobe/eval/run_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sys/resource.h>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

double folder_bytes(const std::string& folder) {
  double bytes = 0.0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
}

/// A scratch folder beside the results, on the same disk, removed at the end.
class Scratch {
 public:
  explicit Scratch(const std::string& out) : path_(temporary_sibling(out)) {
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

}  // namespace

RunEstimate estimate_run(const Suite& suite, const RunOptions& options) {
  options.validate();
  const Scratch scratch(options.out);
  const RunPlan plan = make_plan(suite, options.shard, scratch.path() + "/data", options.threads);
  RunEstimate estimate;
  estimate.items = static_cast<int64_t>(plan.items.size());
  const auto store = EmbeddingStore::open_writer(scratch.path() + "/store");
  // Of three measured items the first only warms up: libraries, filters and caches load once a run,
  // not once an item.
  double seconds = 0.0;
  int64_t timed = 0;
  for (std::size_t i = 0; i < plan.items.size() && timed < 2; ++i) {
    const DatasetItem& item = *plan.items[i];
    try {
      const auto start = std::chrono::steady_clock::now();
      const std::string digest = content_digest(item.path);
      std::vector<std::string> keys;
      for (const EmbeddingJob& job : plan.jobs) keys.push_back(cache_key(suite, job, item, digest));
      EmbeddingPassOptions pass;
      pass.threads = options.threads;
      pass.chunk_frames = options.chunk_frames;
      pass.media_directory = scratch.path() + "/media";
      pass.media_stem = fmt::format("00/{}", i);
      const std::vector<StoreRecord> records = embed_item(suite, item, plan.jobs, keys, pass);
      const double elapsed =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      std::vector<StoreRecord> fresh;
      for (const StoreRecord& record : records) {
        if (!store->contains(record.key)) fresh.push_back(record);
      }
      store->append(fresh);
      ++estimate.measured_items;
      if (estimate.measured_items > 1 || plan.items.size() == 1) {
        seconds += elapsed;
        ++timed;
      }
    } catch (const Error& error) {
      estimate.warnings.push_back(error.what());
    }
  }
  if (timed == 0 && estimate.measured_items == 0) {
    throw Error(ErrorKind::kInput, suite.dataset_path,
                fmt::format("none of the first items could be read: {}",
                            estimate.warnings.empty() ? "no items" : estimate.warnings.front()));
  }
  estimate.seconds_per_item = timed > 0 ? seconds / static_cast<double>(timed) : 0.0;
  estimate.seconds_total = estimate.seconds_per_item * static_cast<double>(estimate.items);
  double bytes = folder_bytes(scratch.path() + "/store");
  if (fs::exists(scratch.path() + "/media")) bytes += folder_bytes(scratch.path() + "/media");
  estimate.disk_bytes =
      bytes / static_cast<double>(estimate.measured_items) * static_cast<double>(estimate.items);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  // Peak so far; what grows with the number of items is the retrieval vectors and a few numbers per
  // tap.
  double per_item = 0.0;
  for (const EmbeddingJob& job : plan.jobs)
    per_item += 4096.0 * 4.0 + 512.0 * static_cast<double>(job.taps.size());
  estimate.peak_memory_bytes = static_cast<double>(usage.ru_maxrss) * 1024.0 +
                               per_item * static_cast<double>(estimate.items);
  return estimate;
}

}  // namespace physprobe

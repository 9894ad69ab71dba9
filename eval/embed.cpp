#include "physprobe/eval/embed.h"

#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/eval/item_failure.h"
#include "physprobe/eval/pending_records.h"
#include "physprobe/eval/run_plan.h"

namespace physprobe {

EmbedSummary embed_dataset(const Suite& suite, const EmbedOptions& options) {
  RunPlan plan =
      make_plan(suite, options.shard, options.store + "/data", options.threads, options.device);
  for (EmbeddingJob& job : plan.jobs) job.keep_tokens = options.keep_tokens;
  const auto store = EmbeddingStore::open_writer(options.store);
  PendingRecords pending(*store);
  EmbedSummary summary;
  for (const EmbeddingJob& job : plan.jobs) summary.spaces.push_back(space_name(suite, job));
  Progress progress("items", static_cast<int64_t>(plan.items.size()), options.progress);
  EmbeddingPassOptions pass;
  pass.threads = options.threads;
  try {
    for (const DatasetItem* item : plan.items) {
      if (interrupt_signal() != 0) throw Interrupted{};
      try {
        const std::string digest = content_digest(item->path);
        std::vector<EmbeddingJob> jobs;
        std::vector<std::string> keys;
        for (const EmbeddingJob& job : plan.jobs) {
          const std::string key = cache_key(suite, job, *item, digest);
          if (pending.contains(key)) continue;
          jobs.push_back(job);
          keys.push_back(key);
        }
        if (options.narrate)
          options.narrate(item->id +
                          (jobs.empty() ? ": in the store already" : ": to be embedded"));
        if (jobs.empty()) {
          ++summary.from_store;
        } else {
          for (StoreRecord& record : embed_item(suite, *item, jobs, keys, pass))
            pending.add(std::move(record));
          ++summary.embedded;
        }
      } catch (const Error& error) {
        if (ends_the_run(error, *item)) throw;
        summary.failures.push_back(item->id + ": " + error.what());
        if (options.narrate) options.narrate("failed: " + summary.failures.back());
      }
      progress.update(++summary.items);
      if (pending.is_due()) pending.flush();
    }
  } catch (const Interrupted&) {
    summary.interrupted_by = interrupt_signal();
  }
  pending.flush();
  progress.finish();
  return summary;
}

}  // namespace physprobe

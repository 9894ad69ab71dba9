#include "physprobe/eval/run.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/host_facts.h"
#include "physprobe/eval/item_failure.h"
#include "physprobe/eval/item_line.h"
#include "physprobe/eval/pending_records.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/run_finish.h"
#include "physprobe/eval/run_plan.h"
#include "physprobe/eval/run_seal.h"
#include "physprobe/eval/version.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Works through the items of one shard.
class ItemLoop {
 public:
  ItemLoop(const Suite& suite,
           const RunOptions& options,
           const RunPaths& paths,
           const RunPlan& plan,
           EmbeddingStore& store)
      : suite_(suite),
        options_(options),
        paths_(paths),
        plan_(plan),
        pending_(store),
        items_(paths.items) {}

  RunSummary run() {
    Progress progress("items", static_cast<int64_t>(plan_.items.size()), options_.progress);
    try {
      for (const DatasetItem* item : plan_.items) {
        if (interrupt_signal() != 0) throw Interrupted{};
        process(*item);
        ++summary_.items;
        progress.update(summary_.items,
                        summary_.failed > 0 ? fmt::format("{} failed", summary_.failed) : "");
        if (should_flush()) flush();
      }
    } catch (const Interrupted&) {
      summary_.interrupted_by = interrupt_signal();
    } catch (...) {
      // What was computed so far is worth keeping; the first error is the one to report.
      try {
        flush();
      } catch (const std::exception&) {
      }
      throw;
    }
    flush();
    progress.finish();
    return summary_;
  }

  const std::vector<std::pair<std::string, std::string>>& failures() const { return failures_; }

 private:
  void process(const DatasetItem& item) {
    try {
      const std::string digest = content_digest(item.path);
      std::vector<std::string> keys;
      for (const EmbeddingJob& job : plan_.jobs)
        keys.push_back(cache_key(suite_, job, item, digest));
      std::vector<EmbeddingJob> missing_jobs;
      std::vector<std::string> missing_keys;
      for (std::size_t j = 0; j < keys.size(); ++j) {
        if (!pending_.contains(keys[j])) {
          missing_jobs.push_back(plan_.jobs[j]);
          missing_keys.push_back(keys[j]);
        }
      }
      EmbeddingPassOptions pass;
      pass.threads = options_.threads;
      pass.chunk_frames = options_.chunk_frames;
      pass.media_directory = paths_.media;
      pass.media_stem = media_stem(
          item.id, digest,
          fmt::format("{} {} {} {}..{}", suite_.sampling.canonical(), suite_.strip_frames,
                      suite_.report_clips, item.start_seconds.value_or(-1.0),
                      item.stop_seconds.value_or(-1.0)));
      const std::string media_json = paths_.media + "/" + pass.media_stem + ".json";
      const bool has_media = std::filesystem::exists(media_json);
      if (has_media) pass.media_directory.clear();
      if (!missing_jobs.empty() || !has_media) {
        for (StoreRecord& record : embed_item(suite_, item, missing_jobs, missing_keys, pass)) {
          pending_.add(std::move(record));
        }
      }
      if (missing_jobs.empty()) ++summary_.from_cache;
      std::vector<StoreRecord> records;
      for (const std::string& key : keys) records.push_back(pending_.get(key));
      const Json media = Json::parse(read_file(media_json));
      lines_ += dump_json(item_line(suite_, item, digest, plan_.jobs, records, media)) + "\n";
      ++lines_pending_;
      ++summary_.ok;
      tell(fmt::format("{}: {}", item.id, missing_jobs.empty() ? "from the store" : "embedded"));
    } catch (const Error& error) {
      if (ends_the_run(error, item)) throw;
      fail(item, kind_name(error.kind()), error.what());
    }
  }

  void fail(const DatasetItem& item, const std::string& kind, const std::string& message) {
    // The message names paths as the user listed them, so that equal input gives equal bytes
    // wherever it lies.
    std::string text = message;
    for (std::size_t at = text.find(item.path); at != std::string::npos;
         at = text.find(item.path, at + item.relative_path.size())) {
      text.replace(at, item.path.size(), item.relative_path);
    }
    failures_.emplace_back(
        item.id,
        dump_json(Json{
            {"id", item.id}, {"path", item.relative_path}, {"kind", kind}, {"message", text}}));
    ++summary_.failed;
    log_line(paths_, "failed: " + text);
    tell(item.id + ": failed: " + text);
  }

  void tell(const std::string& text) const {
    if (options_.narrate) options_.narrate(text);
  }

  bool should_flush() const { return lines_pending_ >= options_.flush_items || pending_.is_due(); }

  void flush() {
    pending_.flush();
    if (lines_pending_ > 0) tell(fmt::format("{} items are durable", lines_pending_));
    // Only now are the rows durable; a line never speaks of a row that could be lost.
    if (!lines_.empty()) items_.append(lines_);
    lines_.clear();
    lines_pending_ = 0;
  }

  const Suite& suite_;
  const RunOptions& options_;
  const RunPaths& paths_;
  const RunPlan& plan_;
  PendingRecords pending_;
  AppendFile items_;
  RunSummary summary_;
  std::vector<std::pair<std::string, std::string>> failures_;
  std::string lines_;
  int64_t lines_pending_ = 0;
};

Json run_json(const Suite& suite, const RunOptions& options, const RunPlan& plan) {
  Json origins = Json::object();
  for (const auto& [key, origin] : suite.origins) origins[key] = origin;
  return Json{{"schema", 1},
              {"name", suite.name},
              {"producer", std::string("physprobe ") + version()},
              {"suite_digest", suite_digest(suite)},
              {"command_line", options.command_line},
              {"suite", Json::parse(suite.resolved)},
              {"origins", origins},
              {"shard", Json{{"index", options.shard.index}, {"count", options.shard.count}}},
              {"items", plan.items.size()},
              {"cache", options.cache},
              {"host", host_facts()}};
}

}  // namespace

void RunOptions::validate() const {
  const auto require = [](bool holds, const std::string& field, const std::string& text) {
    if (!holds) throw Error(ErrorKind::kUsage, field, text);
  };
  require(!out.empty(), "--out", "is not set; name the directory for the results");
  require(threads >= 0 && threads <= 4096, "--threads",
          fmt::format("is {}, expected 0 (all) to 4096", threads));
  require(chunk_frames >= 1 && chunk_frames <= 4096, "chunk_frames",
          fmt::format("is {}, expected 1 to 4096", chunk_frames));
  require(flush_items >= 1, "flush_items", fmt::format("is {}, expected at least 1", flush_items));
}

RunSummary run_suite(const Suite& suite, const RunOptions& options) {
  options.validate();
  const RunPaths paths(options.shard.is_whole() ? options.out
                                                : options.out + "/" + options.shard.folder());
  const std::string digest = suite_digest(suite);
  // Everything that can be wrong with the request is found before anything is written.
  refuse_other_run(paths, {digest, suite.dataset_path}, options.overwrite);
  std::optional<DirectoryLock> lock;
  if (!suite.world.empty()) {  // a world is drawn into the run's own directory
    create_directories(paths.directory);
    lock.emplace(paths.directory);
  }
  const RunPlan plan =
      make_plan(suite, options.shard, paths.directory + "/data", options.threads, options.device);
  refuse_other_items(paths, ids_digest(plan.dataset), options.overwrite);
  if (!lock) {
    create_directories(paths.directory);
    lock.emplace(paths.directory);
  }
  prepare_run_directory(paths, options.overwrite);
  write_file_atomic(paths.run_json, self_sealed_json(run_json(suite, options, plan)));
  write_file_atomic(paths.plan, self_sealed_json(plan_json(plan, suite, options.shard)));
  log_line(paths, fmt::format("started: {} items", plan.items.size()));
  for (const EmbeddingJob& job : plan.jobs) {
    const std::string& detection = job.encoder->info().detection;
    if (!detection.empty()) log_line(paths, job.encoder_id + ": " + detection);
  }
  for (const std::string& sentence : plan.dataset.left_out) log_line(paths, sentence);

  const auto store =
      EmbeddingStore::open_writer(options.cache.empty() ? paths.store : options.cache);
  // Lines are rebuilt from the store, so an interrupted run's file starts anew; no row is computed
  // twice.
  write_file_atomic(paths.items, "");
  ItemLoop loop(suite, options, paths, plan, *store);
  RunSummary summary = loop.run();
  summary.directory = paths.directory;
  if (summary.interrupted_by != 0) {
    log_line(paths, fmt::format("interrupted by signal {} after {} items", summary.interrupted_by,
                                summary.items));
    return summary;
  }
  FinishInput finish{
      suite,           plan.jobs,      {}, plan.dataset.layout, plan.dataset.left_out, {},
      loop.failures(), options.threads};
  for (const DatasetItem* item : plan.items) finish.ids.push_back(item->id);
  finish.retrieval_vector = [&](const std::string& key) {
    return store->read(key, {"retrieval"}).fields.at("retrieval");
  };
  finish_run(paths, paths.items, finish);
  log_line(paths,
           fmt::format("complete: {} ok, {} failed, {} from the store; peak memory {:.1f} MB",
                       summary.ok, summary.failed, summary.from_cache, peak_memory_mb()));
  return summary;
}

}  // namespace physprobe

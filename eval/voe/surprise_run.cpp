#include "physprobe/eval/voe/surprise_run.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/eval/embedding_pass.h"
#include "physprobe/eval/item_failure.h"
#include "physprobe/eval/minimal_pairs/answer_table.h"
#include "physprobe/eval/minimal_pairs/response_parsers.h"
#include "physprobe/eval/pending_records.h"
#include "physprobe/eval/run_plan.h"
#include "physprobe/eval/voe/nearest_case.h"
#include "physprobe/eval/voe/voe_dataset.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Records where they are durable, or in memory alone.
class Records {
 public:
  explicit Records(const std::string& folder) {
    if (folder.empty()) return;
    store_ = EmbeddingStore::open_writer(folder);
    pending_.emplace(*store_);
  }
  bool contains(const std::string& key) const {
    return pending_ ? pending_->contains(key) : kept_.count(key) != 0;
  }
  void add(StoreRecord record) {
    const std::string key = record.key;
    if (pending_)
      pending_->add(std::move(record));
    else
      kept_.emplace(key, std::move(record));
    if (pending_ && pending_->is_due()) pending_->flush();
  }
  StoreRecord get(const std::string& key) const {
    return pending_ ? pending_->get(key) : kept_.at(key);
  }
  void flush() {
    if (pending_) pending_->flush();
  }

 private:
  std::unique_ptr<EmbeddingStore> store_;
  std::optional<PendingRecords> pending_;
  std::map<std::string, StoreRecord> kept_;
};

/// An item that went through, with the keys of its records.
struct Finished {
  const DatasetItem* item = nullptr;
  std::vector<std::string> keys;  ///< By job.
  at::Tensor sketches;
  std::string nearest_key;  ///< "" without.
};

std::string property_or_task(const DatasetItem& item) {
  if (!attribute_of(item, kPropertyAttribute).empty()) return property_of(item);
  const std::string& task = attribute_of(item, "task");
  return task.empty() ? property_of(item) : task;
}

std::string pair_of(const DatasetItem& item) {
  return item.pair.empty() ? pair_stem(item.id) : item.pair;
}

std::string scene_of(const DatasetItem& item) {
  return item.group.empty() ? pair_of(item) : item.group;
}

/// The suite's data set; or, where its path is a video itself, that one video.
Dataset dataset_or_video(const Suite& suite, const std::string& world, int threads) {
  const std::string& path = suite.dataset_path;
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const std::vector<std::string>& videos = video_extensions();
  const bool is_video = std::find(videos.begin(), videos.end(), ending) != videos.end() &&
                        std::filesystem::is_regular_file(path);
  if (!is_video && !(std::filesystem::is_directory(path) && is_image_sequence(path)))
    return load_suite_dataset(suite, world, threads);
  Dataset dataset;
  dataset.path = path;
  dataset.layout = "video";
  DatasetItem item;
  item.path = std::filesystem::absolute(path).string();
  item.relative_path = std::filesystem::path(path).filename().string();
  item.id = std::filesystem::path(path).stem().string();
  dataset.items.push_back(std::move(item));
  return dataset;
}

class Runner {
 public:
  Runner(const Suite& suite,
         const std::vector<SurpriseJob>& jobs,
         bool with_nearest,
         const SurpriseRunOptions& options)
      : suite_(suite), jobs_(jobs), options_(options), records_(options.store) {
    const std::string world = options.store.empty() ? "" : options.store + "/data";
    if (!suite.world.empty() && world.empty()) {
      throw Error(ErrorKind::kUsage, "dataset.world",
                  "is drawn into the run's folder; give one with --out");
    }
    run_.dataset = std::make_shared<Dataset>(
        with_pairs(dataset_or_video(suite, world, options.threads), jobs_.front().options.windows,
                   options.threads, problems_));
    run_.source = suite.world.empty() ? run_.dataset->path : "world " + suite.world;
    jobs_.front().options.context_sketches =
        with_nearest && !jobs_.front().options.windows.growing_context;
    if (with_nearest && !jobs_.front().options.context_sketches)
      run_.notes.emplace_back("the nearest-case null is not defined for growing contexts");
    for (const DatasetItem& item : run_.dataset->items)
      run_.has_labels = run_.has_labels || has_plausibility_label(item);
    if (options.attributes_are_required) require_attributes();
  }

  SurpriseRun run() {
    try {
      look_at_videos();
      if (jobs_.front().options.context_sketches) retrieve();
    } catch (const Interrupted&) {
      run_.interrupted_by = interrupt_signal();
    } catch (...) {
      // What was computed so far is worth keeping; the first error is the one to report.
      try {
        records_.flush();
      } catch (const std::exception&) {
      }
      throw;
    }
    records_.flush();
    if (run_.interrupted_by == 0) gather();
    return std::move(run_);
  }

 private:
  void require_attributes() const {
    std::set<std::string> known;
    for (const DatasetItem& item : run_.dataset->items) {
      for (const auto& [name, value] : item.attributes) known.insert(name);
    }
    for (const std::string& name : options_.attributes) {
      if (known.count(name) == 0)
        throw Error(ErrorKind::kUsage, "--by",
                    fmt::format("'{}' is no column of {}{}", name, run_.source,
                                did_you_mean(name, {known.begin(), known.end()})));
    }
  }

  void look_at_videos() {
    Progress progress("videos", static_cast<int64_t>(run_.dataset->items.size()),
                      options_.progress);
    int64_t done = 0;
    for (const DatasetItem& item : run_.dataset->items) {
      if (interrupt_signal() != 0) throw Interrupted{};
      try {
        look_at(item);
      } catch (const Error& error) {
        if (ends_the_run(error, item)) throw;
        fail(item, error);
      }
      progress.update(++done, problems_.empty() ? "" : fmt::format("{} failed", problems_.size()));
    }
    progress.finish();
  }

  void look_at(const DatasetItem& item) {
    const std::string digest = content_digest(item.path);
    Finished finished;
    finished.item = &item;
    std::vector<SurpriseJob> missing;
    std::vector<std::size_t> places;
    for (std::size_t j = 0; j < jobs_.size(); ++j) {
      finished.keys.push_back(surprise_key(jobs_[j], item, suite_.video, digest));
      if (records_.contains(finished.keys.back())) continue;
      missing.push_back(jobs_[j]);
      places.push_back(j);
    }
    if (missing.empty()) ++run_.from_store;
    if (!missing.empty()) {
      SurprisePassOptions pass;
      pass.threads = options_.threads;
      SurpriseVideoFacts facts;
      const std::vector<VideoSurprise> results =
          surprise_of_item(item, suite_.video, missing, pass, &facts);
      for (std::size_t i = 0; i < missing.size(); ++i) {
        records_.add(surprise_record(finished.keys[places[i]], item.id, surprise_space(missing[i]),
                                     results[i], facts));
      }
    }
    if (jobs_.front().options.context_sketches)
      finished.sketches = records_.get(finished.keys.front()).fields.at("context_sketches");
    finished_.push_back(std::move(finished));
    tell(item.id + (missing.empty() ? ": from the store" : ": looked at"));
  }

  void retrieve() {
    std::vector<NearestVideo> videos;
    Sha256 memory;
    for (const Finished& finished : finished_) {
      const StoredSurprise stored = read_surprise_record(records_.get(finished.keys.front()));
      videos.push_back(
          {finished.item, scene_of(*finished.item), stored.video.starts, finished.sketches});
      memory.update(finished.item->id + "\n" + videos.back().group + "\n" + finished.keys.front() +
                    "\n");
    }
    const std::string memory_digest = memory.hex();
    std::optional<NearestCases> cases;
    Progress progress("nearest cases", static_cast<int64_t>(finished_.size()), options_.progress);
    int64_t without = 0;
    for (std::size_t v = 0; v < finished_.size(); ++v) {
      Finished& finished = finished_[v];
      const std::string key =
          sha256_hex(fmt::format("physprobe-nearest\n{}\n{}\n{}\n", finished.keys.front(),
                                 finished.item->id, memory_digest));
      if (!records_.contains(key)) {
        if (!cases) cases.emplace(jobs_.front(), videos, suite_.video, options_.threads);
        const std::optional<NearestSurprise> nearest = cases->surprise(v);
        if (!nearest) {
          ++without;
          continue;
        }
        StoreRecord record;
        record.key = key;
        record.item_id = finished.item->id;
        record.space = sha256_hex(surprise_space(jobs_.front()) + " nearest");
        record.meta =
            dump_json(Json{{"kind", "nearest case"}, {"neighbours", nearest->neighbours}});
        record.fields["surprise"] = curves_tensor(nearest->curves);
        records_.add(std::move(record));
      }
      finished.nearest_key = key;
      progress.update(static_cast<int64_t>(v) + 1);
    }
    progress.finish();
    if (without > 0) {
      run_.notes.push_back(fmt::format(
          "{} of {} videos have no nearest case: the data set holds no other scene that "
          "fits; the null is left out",
          without, finished_.size()));
    }
    has_nearest_ = without == 0 && !finished_.empty();
  }

  SurpriseArrays& model(const std::string& name) {
    for (SurpriseArrays& model : run_.models) {
      if (model.set.model == name) return model;
    }
    run_.models.emplace_back();
    run_.models.back().set.model = name;
    run_.models.back().set.contexts = jobs_.front().options.windows.contexts;
    run_.models.back().set.files = {run_.source};
    run_.models.back().is_null = run_.models.size() > 1;
    return run_.models.back();
  }

  void add(const std::string& name, const SurpriseItem& item, SurpriseCurves curves) {
    SurpriseItem own = item;
    own.curves = std::move(curves);
    model(name).set.items.push_back(std::move(own));
  }

  void gather() {
    model(jobs_.front().name);
    for (const Finished& finished : finished_) {
      StoredSurprise stored = read_surprise_record(records_.get(finished.keys.front()));
      if (run_.has_labels && !has_plausibility_label(*finished.item)) {
        problems_.push_back(
            {"label is neither possible nor impossible", run_.source, finished.item->line,
             finished.item->id,
             fmt::format("'{}'; expected possible or impossible (1 or 0)", finished.item->label)});
        continue;
      }
      SurpriseItem item = labelled_item(*finished.item);
      item.fps = stored.facts.fps;
      for (const std::string& name : options_.attributes) {
        const auto found = finished.item->attributes.find(name);
        if (found != finished.item->attributes.end()) item.attributes.insert(*found);
      }
      const VideoSurprise& video = stored.video;
      add(jobs_.front().name, item, video.curves);
      if (!video.zero_prediction.empty()) add(kZeroPrediction, item, video.zero_prediction);
      if (!video.copy_last_context.empty()) add(kCopyLastContext, item, video.copy_last_context);
      if (has_nearest_) {
        add(kNearestCase, item,
            curves_of_tensor(records_.get(finished.nearest_key).fields.at("surprise")));
      }
      for (std::size_t j = 1; j < jobs_.size(); ++j) {
        add(jobs_[j].name, item,
            curves_of_tensor(records_.get(finished.keys[j]).fields.at("surprise")));
      }
      stored.video.context_sketches = at::Tensor();
      run_.items.push_back({finished.item, std::move(stored)});
    }
    run_.models.front().problems = std::move(problems_);
  }

  void fail(const DatasetItem& item, const Error& error) {
    // The message names paths as the user listed them, so that equal input gives equal bytes
    // wherever it lies.
    std::string text = error.what();
    for (std::size_t at = text.find(item.path); at != std::string::npos;
         at = text.find(item.path, at + item.relative_path.size()))
      text.replace(at, item.path.size(), item.relative_path);
    problems_.push_back({"video failed", run_.source, item.line, item.id, text});
    tell(item.id + ": failed: " + text);
  }

  void tell(const std::string& text) const {
    if (options_.narrate) options_.narrate(text);
  }

  const Suite& suite_;
  std::vector<SurpriseJob> jobs_;
  const SurpriseRunOptions& options_;
  Records records_;
  SurpriseRun run_;
  std::vector<Finished> finished_;
  std::vector<PairProblem> problems_;
  bool has_nearest_ = false;
};

}  // namespace

bool has_plausibility_label(const DatasetItem& item) {
  return answer_index(item.label, {}) != kUnparsed;
}

Dataset with_pairs(Dataset dataset,
                   const PredictionWindows& windows,
                   int threads,
                   std::vector<PairProblem>& problems) {
  FrameProtocol protocol;
  protocol.skip = windows.frame_skip;
  protocol.window = windows.window;
  protocol.stride = windows.stride;
  protocol.frame_limit = windows.frame_limit;
  VoeDataset data;
  data.dataset = std::move(dataset);
  data.protocol = &protocol;
  complete_voe_dataset(data, threads, false);
  for (const VoeProblem& problem : data.problems)
    problems.push_back({"no pairs", data.dataset.path, 0, problem.item, problem.text});
  return std::move(data.dataset);
}

SurpriseItem labelled_item(const DatasetItem& item) {
  SurpriseItem result;
  result.id = item.id;
  result.pair = pair_of(item);
  result.property = property_or_task(item);
  result.is_possible = answer_index(item.label, {}) == 1;
  result.scene = scene_of(item);
  return result;
}

SurpriseRun run_surprise(const Suite& suite,
                         const std::vector<SurpriseJob>& jobs,
                         bool with_nearest,
                         const SurpriseRunOptions& options) {
  return Runner(suite, jobs, with_nearest, options).run();
}

}  // namespace physprobe

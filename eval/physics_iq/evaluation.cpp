#include "physprobe/eval/physics_iq/evaluation.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/parallel.h"
#include "physprobe/eval/physics_iq/evaluation_files.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/run_seal.h"
#include "physprobe/eval/system_facts.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// What is evaluated: the folders of generated videos, or the manifest of a custom set.
std::vector<std::string> evaluated_sources(const PlanOptions& plan) {
  std::vector<std::string> sources = plan.generated;
  if (!plan.manifest.empty()) sources.push_back(plan.manifest);
  for (std::string& source : sources) source = std::filesystem::weakly_canonical(source).string();
  return sources;
}

/// Whether `source` of an earlier evaluation is among those of this one, or has moved there.
bool is_among(const std::string& source, const std::vector<std::string>& sources) {
  namespace fs = std::filesystem;
  const fs::path name = fs::path(source).filename();
  const bool is_gone = !fs::exists(source);
  return std::any_of(sources.begin(), sources.end(), [&](const std::string& other) {
    return other == source || (is_gone && fs::path(other).filename() == name);
  });
}

void refuse_other_videos(const RunPaths& paths, const PhysicsIqOptions& options) {
  if (options.overwrite || !std::filesystem::exists(paths.run_json)) return;
  const nlohmann::json old = read_json(paths.run_json);
  const std::vector<std::string> sources = evaluated_sources(options.plan);
  for (const auto& source : old.value("evaluates", std::vector<std::string>())) {
    if (is_among(source, sources)) continue;
    throw Error(ErrorKind::kUsage, paths.directory,
                fmt::format("holds the evaluation of other videos ({}); choose another --out (and "
                            "the same --cache), or --overwrite to replace its results",
                            source));
  }
}

Json run_json(const PhysicsIqOptions& options, const EvaluationPlan& plan) {
  return Json{{"schema", 1},
              {"name", "physics-iq"},
              {"producer", std::string("physprobe ") + version()},
              {"command_line", options.command_line},
              {"evaluates", evaluated_sources(options.plan)},
              {"views", plan.jobs.size()},
              {"host", system_facts()}};
}

/// Errors that end the whole evaluation: going on could only repeat them.
bool ends_the_evaluation(ErrorKind kind) {
  return kind == ErrorKind::kResource || kind == ErrorKind::kInternal || kind == ErrorKind::kUsage;
}

}  // namespace

PhysicsIqSummary evaluate_physics_iq(const PhysicsIqOptions& options) {
  options.plan.validate();
  if (options.out.empty())
    throw Error(ErrorKind::kUsage, "--out", "is not set; name the directory for the results");
  if (options.mask_path == MaskPath::kMp4v && !has_mask_codec())
    throw Error(ErrorKind::kUsage, "--masks",
                "mp4v needs OpenCV's videoio, which this build has not; use --masks direct");
  if (options.decode != "opencv" && options.decode != "tagged")
    throw Error(ErrorKind::kUsage, "--decode",
                fmt::format("is '{}'; expected opencv or tagged", options.decode));
  options.statistics.validate();
  // Views run in parallel; OpenCV's own threads would only fight with them.
  cv::setNumThreads(1);
  const EvaluationPlan plan = plan_evaluation(options.plan);
  const RunPaths paths(options.out);
  refuse_run_of_another_kind(paths, RunKind::kPhysicsIq);
  refuse_other_videos(paths, options);
  create_directories(paths.directory);
  const DirectoryLock lock(paths.directory);
  std::error_code ignored;
  std::filesystem::remove(paths.complete, ignored);
  // Made from an earlier evaluation's results; wanted ones are made anew.
  for (const char* name : {"bridge.json", "bridge.csv", "sensitivity.json", "sensitivity.csv"})
    std::filesystem::remove(std::filesystem::path(paths.directory) / name, ignored);
  ViewEvaluationOptions view_options;
  view_options.cache = options.cache.empty() ? options.out + "/cache" : options.cache;
  view_options.mask_path = options.mask_path;
  view_options.threshold = options.threshold;
  view_options.colour_tags =
      options.decode == "tagged" ? ColourTags::kHonoured : ColourTags::kIgnored;
  view_options.with_media = options.with_media;
  view_options.force = options.force;
  create_directories(view_options.cache);
  remove_leftover_temporaries(paths.directory);
  for (const std::string& below :
       {view_options.cache, paths.media, paths.report_data, paths.directory + "/results"})
    remove_leftover_temporaries_below(below);
  write_file_atomic(paths.run_json, self_sealed_json(run_json(options, plan)));
  log_line(paths, fmt::format("started: {} views", plan.jobs.size()));

  PhysicsIqSummary summary;
  summary.directory = options.out;
  summary.warnings = plan.warnings;
  std::vector<ViewOutcome> outcomes(plan.jobs.size());
  std::vector<std::string> messages(plan.jobs.size());
  std::mutex mutex;
  std::atomic<bool> is_interrupted{false};
  Progress progress("views", static_cast<int64_t>(plan.jobs.size()), options.progress);
  parallel_loop(static_cast<int64_t>(plan.jobs.size()), options.threads, [&](int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    if (is_interrupted || interrupt_signal() != 0) {
      is_interrupted = true;
      return;
    }
    try {
      outcomes[index] = evaluate_view(plan.jobs[index], view_options);
    } catch (const Interrupted&) {
      is_interrupted = true;
      return;
    } catch (const Error& error) {
      if (ends_the_evaluation(error.kind())) throw;
      messages[index] = error.what();
    }
    const std::lock_guard<std::mutex> guard(mutex);
    ++summary.views;
    if (messages[index].empty() && outcomes[index].was_cached) ++summary.from_cache;
    progress.update(summary.views);
  });
  progress.finish();
  if (is_interrupted) {
    summary.interrupted_by = interrupt_signal();
    log_line(paths, fmt::format("interrupted after {} views", summary.views));
    return summary;
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ViewJob& job = plan.jobs[i];
    if (!messages[i].empty())
      summary.failures.push_back(fmt::format("{} {}: {}", job.scenario, job.view, messages[i]));
    for (const std::string& failure : outcomes[i].failures)
      if (!failure.empty())
        summary.failures.push_back(fmt::format("{} {}: {}", job.scenario, job.view, failure));
  }
  write_evaluation_files(options, plan, outcomes, messages);
  log_line(
      paths,
      fmt::format("complete: {} views, {} from the cache, {} failed; peak memory {:.1f} MB",
                  summary.views, summary.from_cache, summary.failures.size(), peak_memory_mb()));
  return summary;
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/evaluation_plan.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/physics_iq/benchmark_layout.h"
#include "physprobe/eval/physics_iq/clip_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace physprobe {
namespace {

constexpr double kSeconds = 5.0;
constexpr double kSecondsTolerance = 0.001;  // the evaluator's
constexpr int kRecordedFps = 30;
constexpr std::size_t kMostListed = 40;

/// Checks the number of frames of a generated video against five seconds, or the frames asked for.
void check_span(const std::string& path,
                const ClipFacts& facts,
                const PlanOptions& options,
                std::vector<std::string>& problems) {
  const double fps = options.resample_fps > 0.0 ? options.resample_fps : facts.fps;
  const int64_t available = frames_offered(facts, fps) - options.drop_first;
  const int64_t wanted =
      options.first_frames > 0 ? options.first_frames : frames_of_five_seconds(fps);
  const std::string left_out =
      options.drop_first > 0 ? fmt::format(" ({} left out)", options.drop_first) : "";
  if (options.first_frames > 0) {
    if (available < wanted)
      problems.push_back(fmt::format("{}: {} frames at {:.6g} fps{}, --frames first:{} needs {}",
                                     path, available + options.drop_first, fps, left_out, wanted,
                                     wanted + options.drop_first));
    return;
  }
  const double seconds = static_cast<double>(facts.frames - options.drop_first) / facts.fps;
  // At rates such as 29.97 no number of frames lasts five seconds; the nearest one is meant.
  const bool is_nearest =
      facts.frames - options.drop_first == std::lround(kSeconds * facts.fps) &&
      std::abs(std::round(kSeconds * facts.fps) / facts.fps - kSeconds) < 0.02 &&
      std::abs(std::round(facts.fps) - facts.fps) > 1e-6;
  if (std::abs(seconds - kSeconds) <= kSecondsTolerance || is_nearest) return;
  const int64_t expected = frames_of_five_seconds(facts.fps);
  std::string remedy;
  if (available < 1) {
    remedy = fmt::format("--drop-first has to leave some of its {} frames",
                         available + options.drop_first);
  } else if (available >= wanted) {
    remedy = fmt::format("--frames first:{} uses the first {}", wanted, wanted);
    if (options.resample_fps == 0.0 && available > wanted && available - wanted <= 16)
      remedy += fmt::format(", --drop-first {} leaves out the first {}",
                            options.drop_first + available - wanted, available - wanted);
  } else {
    remedy = fmt::format(
        "generate {} frames; --frames first:{} would compare only that many of every clip",
        expected + options.drop_first, available);
  }
  problems.push_back(
      fmt::format("{}: {} frames at {:.6g} fps{} last {:.3f} s, expected {} s ({}); {}", path,
                  std::max<int64_t>(0, facts.frames - options.drop_first), facts.fps, left_out,
                  std::max(0.0, seconds), kSeconds, expected, remedy));
}

/// Finds both takes of a sample at the rate of a run, as they are or to be converted from 30 fps.
class TakeFinder {
 public:
  explicit TakeFinder(std::string folder) : folder_(std::move(folder)) {}

  ClipSourceFile find(const BenchmarkSample& sample,
                      int take,
                      double fps,
                      int64_t frames,
                      std::vector<std::string>& problems) {
    const int label = static_cast<int>(std::lround(fps));
    ClipSourceFile clip;
    if (is_same_rate(fps, label)) clip.path = find_real_clip(folder_, sample, take, label);
    if (clip.path.empty()) {
      clip.path = find_real_clip(folder_, sample, take, kRecordedFps);
      if (!is_same_rate(fps, kRecordedFps))
        clip.convert_to_fps = is_same_rate(fps, label) ? label : fps;
    }
    if (clip.path.empty()) {
      problems.push_back(fmt::format("{}: real take {} of '{}', view {}, is missing",
                                     folder_ + "/" + expected_real_clip(sample, take, kRecordedFps),
                                     take, sample.scenario, sample.view));
      return clip;
    }
    const ClipFacts& facts = known(clip.path, problems);
    if (!facts.is_readable) return clip;
    const int64_t offered =
        clip.convert_to_fps > 0.0 ? frames_offered(facts, clip.convert_to_fps) : facts.frames;
    if (offered < frames)
      problems.push_back(fmt::format(
          "{}: the real clip has {} frames at {:.6g} fps, {} are needed; replace it, or compare "
          "fewer of every clip with --frames first:{}",
          clip.path, facts.frames, facts.fps, frames, offered));
    return clip;
  }

  /// The published masks of a take, which are checked; "" if there are none.
  std::string find_masks(const BenchmarkSample& sample,
                         int take,
                         double fps,
                         int64_t frames,
                         std::vector<std::string>& problems) {
    std::string path = find_real_masks(folder_, sample, take, static_cast<int>(std::lround(fps)));
    if (path.empty()) return path;
    const ClipFacts facts = clip_facts(path, problems);
    if (facts.is_readable && facts.frames < frames)
      problems.push_back(
          fmt::format("{}: holds {} masks, {} are needed; delete it or use --real-masks computed",
                      path, facts.frames, frames));
    return path;
  }

  double aspect(const std::string& path) const {
    const auto found = facts_.find(path);
    return found == facts_.end() ? 0.0 : found->second.aspect;
  }
  const std::string& folder() const { return folder_; }

 private:
  const ClipFacts& known(const std::string& path, std::vector<std::string>& problems) {
    const auto found = facts_.find(path);
    if (found != facts_.end()) return found->second;
    return facts_[path] = clip_facts(path, problems);
  }

  std::string folder_;
  std::map<std::string, ClipFacts> facts_;
};

/// Reads one folder: its rate, and which video belongs to which sample.
PlannedRun plan_run(const std::string& folder,
                    const GeneratedFolder& listed,
                    const std::vector<BenchmarkSample>& samples,
                    const PlanOptions& options,
                    std::map<int64_t, ClipFacts>& facts,
                    std::vector<std::string>& problems) {
  PlannedRun run;
  run.name = listed.run;
  run.folder = folder;
  for (const std::string& problem : listed.problems)
    problems.push_back(fmt::format("{}/{}", folder, problem));
  std::set<int64_t> expected;
  for (const BenchmarkSample& sample : samples) {
    expected.insert(sample.id);
    if (listed.by_id.count(sample.id) == 0)
      problems.push_back(fmt::format("{}: no video for id {} ('{}', view {})", folder,
                                     id_text(sample.id), sample.scenario, sample.view));
  }
  std::map<std::string, std::vector<std::string>> rates;
  for (const auto& [id, path] : listed.by_id) {
    if (expected.count(id) == 0) {
      problems.push_back(
          fmt::format("{}: id {} is no take-1 id of the descriptions table", path, id_text(id)));
      continue;
    }
    const ClipFacts found = clip_facts(path, problems);
    if (!found.is_readable) continue;
    facts[id] = found;
    rates[fmt::format("{:.6g}", found.fps)].push_back(path);
    if (run.fps == 0.0) run.fps = found.fps;
  }
  if (rates.size() > 1 && options.resample_fps <= 0.0) {
    // The most common rate is taken as meant; the others are named.
    const auto common = std::max_element(
        rates.begin(), rates.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    for (const auto& [rate, paths] : rates) {
      if (rate == common->first) continue;
      for (const std::string& path : paths)
        problems.push_back(fmt::format(
            "{}: {} fps, the folder's other videos have {} fps; --rate {} converts every clip "
            "(not official)",
            path, rate, common->first, common->first));
    }
  }
  for (const auto& [id, found] : facts) check_span(listed.by_id.at(id), found, options, problems);
  if (options.resample_fps > 0.0) run.fps = options.resample_fps;
  run.frames = options.first_frames > 0 ? options.first_frames : frames_of_five_seconds(run.fps);
  return run;
}

/// Scores need every scene from every side.
void check_views(const std::string& descriptions,
                 const std::vector<BenchmarkSample>& samples,
                 std::vector<std::string>& problems) {
  std::map<std::string, std::set<std::string>> views_of;
  std::set<std::string> views;
  for (const BenchmarkSample& sample : samples) {
    views_of[sample.scenario].insert(sample.view);
    views.insert(sample.view);
  }
  for (const auto& [scenario, own] : views_of)
    for (const std::string& view : views)
      if (own.count(view) == 0)
        problems.push_back(fmt::format("{}: '{}' has no view {}, which other scenes have",
                                       descriptions, scenario, view));
}

}  // namespace

int64_t frames_of_five_seconds(double fps) {
  // Index i is used while i < 5 * fps; the guard keeps 5 * 12.8 at 64.
  return static_cast<int64_t>(std::ceil(kSeconds * fps - 1e-9));
}

void throw_problems(const std::string& subject, const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  std::string text = fmt::format("cannot be evaluated, {} problem{}:", problems.size(),
                                 problems.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(problems.size(), kMostListed); ++i)
    text += "\n  " + problems[i];
  if (problems.size() > kMostListed)
    text += fmt::format("\n  and {} more", problems.size() - kMostListed);
  throw Error(ErrorKind::kInput, subject, text);
}

void PlanOptions::validate() const {
  const auto require = [](bool holds, const char* field, const std::string& text) {
    if (!holds) throw Error(ErrorKind::kUsage, field, text);
  };
  require(ground_truth == "verified" || ground_truth == "original", "--ground-truth",
          fmt::format("is '{}'; expected verified or original", ground_truth));
  require(real_masks == "computed" || real_masks == "published", "--real-masks",
          fmt::format("is '{}'; expected computed or published", real_masks));
  require(first_frames >= 0, "--frames", "has to be first:K with K of at least 1");
  require(drop_first >= 0, "--drop-first", fmt::format("is {}; expected 0 or more", drop_first));
  require(resample_fps >= 0.0 && resample_fps <= 240.0, "--rate",
          fmt::format("is {}; expected 1 to 240", resample_fps));
  require(resample_fps == 0.0 || drop_first == 0, "--drop-first",
          "and --rate exclude one another: it is not defined which frames of a converted clip are "
          "the first ones generated");
  require(!manifest.empty() || !generated.empty(), "--generated",
          "is not set; name one folder of videos per run, or --manifest for a set of your own");
  require(!manifest.empty() || !descriptions.empty(), "--descriptions",
          "is not set; name the benchmark's descriptions table (descriptions.csv)");
  require(manifest.empty() || generated.empty(), "--manifest",
          "and --generated exclude one another");
  require(
      manifest.empty() || descriptions.empty(), "--descriptions",
      "is the benchmark's table of videos, but --manifest names a set of your own; leave one of "
      "them out");
}

EvaluationPlan plan_evaluation(const PlanOptions& options) {
  options.validate();
  if (!options.manifest.empty()) return plan_custom_set(options);
  EvaluationPlan plan;
  const std::vector<BenchmarkSample> samples = read_descriptions(options.descriptions);
  TakeFinder takes(find_benchmark_folder(options.benchmark, options.ground_truth));
  std::vector<std::string> problems;
  check_views(options.descriptions, samples, problems);
  std::vector<GeneratedFolder> folders;
  std::vector<std::map<int64_t, ClipFacts>> facts(options.generated.size());
  std::set<std::string> names;
  for (std::size_t r = 0; r < options.generated.size(); ++r) {
    const std::string& folder = options.generated[r];
    folders.push_back(list_generated(folder));
    for (const std::string& name : folders.back().ignored)
      plan.warnings.push_back(folders.back().run + "/" + name + ": is no video and is ignored");
    plan.runs.push_back(plan_run(folder, folders.back(), samples, options, facts[r], problems));
    if (!names.insert(plan.runs.back().name).second)
      throw Error(
          ErrorKind::kUsage, "--generated",
          fmt::format("two folders are called '{}', and runs are named after their folders; "
                      "give one of them another name through a link",
                      plan.runs.back().name));
  }
  AspectNotes stretched;
  std::vector<std::string> without_masks;
  for (const BenchmarkSample& sample : samples) {
    if (std::find(plan.views.begin(), plan.views.end(), sample.view) == plan.views.end())
      plan.views.push_back(sample.view);
    // Runs of one rate share the decoding of the real takes.
    std::map<double, ViewJob> by_rate;
    for (std::size_t r = 0; r < plan.runs.size(); ++r) {
      const PlannedRun& run = plan.runs[r];
      const auto path = folders[r].by_id.find(sample.id);
      if (path == folders[r].by_id.end() || facts[r].count(sample.id) == 0 || run.fps <= 0.0)
        continue;
      ViewJob& job = by_rate[run.fps];
      if (job.generated.empty()) {
        job.scenario = sample.scenario;
        job.view = sample.view;
        job.category = sample.category;
        job.fps = run.fps;
        job.frames = run.frames;
        job.drop_first = options.drop_first;
        job.take1 = takes.find(sample, 1, run.fps, run.frames, problems);
        if (sample.id_take2 == 0) {
          problems.push_back(fmt::format("{}: names no take 2 of '{}', view {}",
                                         options.descriptions, sample.scenario, sample.view));
        } else {
          job.take2 = takes.find(sample, 2, run.fps, run.frames, problems);
        }
        stretched.add("take 2", job.take2.path, takes.aspect(job.take2.path),
                      takes.aspect(job.take1.path));
        if (options.real_masks == "published") {
          job.mask_video1 = takes.find_masks(sample, 1, run.fps, run.frames, problems);
          job.mask_video2 = takes.find_masks(sample, 2, run.fps, run.frames, problems);
          if (job.mask_video1.empty() || job.mask_video2.empty())
            without_masks.push_back(fmt::format("'{}', view {}", sample.scenario, sample.view));
        }
      }
      ClipSourceFile clip{path->second, 0.0};
      if (options.resample_fps > 0.0 &&
          !is_same_rate(facts[r].at(sample.id).fps, options.resample_fps))
        clip.convert_to_fps = options.resample_fps;
      job.generated.push_back({r, clip});
      stretched.add(run.name, path->second, facts[r].at(sample.id).aspect,
                    takes.aspect(job.take1.path));
    }
    for (auto& [fps, job] : by_rate) plan.jobs.push_back(std::move(job));
  }
  throw_problems("physics-iq", problems);
  stretched.append_to(plan.warnings);
  if (!without_masks.empty())
    plan.warnings.push_back(fmt::format(
        "the benchmark's video-masks lack {} views, first {}; their masks are computed from the "
        "recordings",
        without_masks.size(), without_masks.front()));
  for (const PlannedRun& run : plan.runs) {
    plan.is_official_span = plan.is_official_span && run.frames == frames_of_five_seconds(run.fps);
    plan.notes.push_back(
        fmt::format("{}: {:.6g} fps, {} frames of every clip", run.name, run.fps, run.frames));
  }
  return plan;
}

}  // namespace physprobe

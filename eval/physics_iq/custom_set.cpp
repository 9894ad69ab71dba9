#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/eval/physics_iq/clip_facts.h"
#include "physprobe/eval/physics_iq/evaluation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

}  // namespace

EvaluationPlan plan_custom_set(const PlanOptions& options) {
  const std::vector<CsvRow> rows = parse_csv(read_file(options.manifest), options.manifest);
  if (rows.size() < 2)
    throw Error(ErrorKind::kInput, options.manifest,
                "holds no rows; expected columns generated, real and optionally take2, id, view, "
                "category, run");
  std::map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < rows.front().fields.size(); ++i) columns[rows.front().fields[i]] = i;
  const std::string real_column = columns.count("real") != 0 ? "real" : "take1";
  if (columns.count("generated") == 0 || columns.count(real_column) == 0)
    throw Error(ErrorKind::kInput, options.manifest,
                fmt::format("lacks the columns 'generated' and 'real'; found {}",
                            fmt::join(rows.front().fields, ", ")));
  EvaluationPlan plan;
  const std::vector<std::string> known_columns = {"generated", real_column, "take2", "id",
                                                  "view",      "category",  "run"};
  for (const std::string& name : rows.front().fields)
    if (std::find(known_columns.begin(), known_columns.end(), name) == known_columns.end())
      plan.warnings.push_back(fmt::format("column '{}' of the manifest is ignored{}", name,
                                          did_you_mean(name, known_columns)));
  plan.is_custom = true;
  plan.is_official_span = false;
  const fs::path base = fs::path(options.manifest).parent_path();
  std::vector<std::string> problems;
  AspectNotes stretched;
  std::map<std::string, std::size_t> run_index;
  std::map<std::pair<std::string, std::string>, std::size_t> first_line;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const auto value = [&](const std::string& column) {
      const auto found = columns.find(column);
      return found == columns.end() || found->second >= rows[r].fields.size()
                 ? std::string()
                 : rows[r].fields[found->second];
    };
    const auto located = [&](const std::string& name) {
      return name.empty() ? std::string() : (base / name).lexically_normal().string();
    };
    const std::string generated = located(value("generated"));
    const std::string real = located(value(real_column));
    if (generated.empty() || real.empty()) {
      problems.push_back(fmt::format("{}: line {}: generated and real must both be named",
                                     options.manifest, rows[r].line));
      continue;
    }
    ViewJob job;
    job.scenario = value("id").empty() ? fs::path(generated).stem().string() : value("id");
    job.view = value("view").empty() ? "view" : value("view");
    job.category = value("category");
    job.drop_first = options.drop_first;
    const std::string run =
        value("run").empty() ? fs::path(options.manifest).stem().string() : value("run");
    const auto [known_run, is_new] = run_index.emplace(run, plan.runs.size());
    if (is_new) plan.runs.push_back({run, base.string()});
    if (!first_line.emplace(std::pair(run, job.scenario + "\n" + job.view), r).second) {
      problems.push_back(
          fmt::format("{}: line {}: '{}', view {} is there twice in run '{}'; give "
                      "the rows ids or views of their own",
                      options.manifest, rows[r].line, job.scenario, job.view, run));
      continue;
    }
    const ClipFacts clip = clip_facts(generated, problems);
    const ClipFacts take1 = clip_facts(real, problems);
    if (!clip.is_readable || !take1.is_readable) continue;
    job.fps = options.resample_fps > 0.0 ? options.resample_fps : clip.fps;
    const auto at_rate = [&](const std::string& path, const ClipFacts& facts) {
      return ClipSourceFile{path, is_same_rate(facts.fps, job.fps) ? 0.0 : job.fps};
    };
    const int64_t offered = frames_offered(clip, job.fps);
    job.frames = options.first_frames > 0 ? options.first_frames : offered - options.drop_first;
    if (job.frames < 1 || offered - options.drop_first < job.frames)
      problems.push_back(fmt::format(
          "{}: offers {} frames at {:.6g} fps, {} are left out and {} compared; {}", generated,
          offered, job.fps, options.drop_first, std::max<int64_t>(1, job.frames),
          offered > options.drop_first
              ? fmt::format("--frames first:{} compares fewer", offered - options.drop_first)
              : std::string("leave out fewer with --drop-first")));
    const auto add_take = [&](const std::string& path, const ClipFacts& real_clip) {
      const int64_t frames = frames_offered(real_clip, job.fps);
      if (frames < job.frames)
        problems.push_back(fmt::format(
            "{}: offers {} frames at {:.6g} fps, {} are compared; --frames first:{} compares fewer",
            path, frames, job.fps, job.frames, frames));
      return at_rate(path, real_clip);
    };
    job.take1 = add_take(real, take1);
    const std::string second = located(value("take2"));
    if (!second.empty()) {
      const ClipFacts take2 = clip_facts(second, problems);
      if (take2.is_readable) job.take2 = add_take(second, take2);
      stretched.add("take 2", second, take2.aspect, take1.aspect);
    }
    stretched.add(run, generated, clip.aspect, take1.aspect);
    job.generated.push_back({known_run->second, at_rate(generated, clip)});
    PlannedRun& planned = plan.runs[known_run->second];
    const bool is_first = planned.frames == 0;
    planned.has_one_rate = is_first || (planned.has_one_rate && planned.fps == job.fps);
    planned.has_one_length = is_first || (planned.has_one_length && planned.frames == job.frames);
    planned.fps = job.fps;
    planned.frames = job.frames;
    if (std::find(plan.views.begin(), plan.views.end(), job.view) == plan.views.end())
      plan.views.push_back(job.view);
    plan.jobs.push_back(std::move(job));
  }
  throw_problems(options.manifest, problems);
  stretched.append_to(plan.warnings);
  const auto without_ceiling =
      std::count_if(plan.jobs.begin(), plan.jobs.end(),
                    [](const ViewJob& job) { return job.take2.path.empty(); });
  if (without_ceiling > 0)
    plan.warnings.push_back(fmt::format(
        "{} of {} rows name no take2, so they have no ceiling: their metrics are reported, but "
        "they are in no score",
        without_ceiling, plan.jobs.size()));
  plan.notes.push_back("a set of your own: its scores are no leaderboard numbers");
  return plan;
}

}  // namespace physprobe

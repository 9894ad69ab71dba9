#include "physprobe/cli/probe_surprise_videos.h"

#include "physprobe/cli/pair_score_flags.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/voe/surprise_pass.h"
#include "physprobe/eval/voe/video_document.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Several videos of one array: what is printed of each, a dimension more.
Json stacked(const Json& videos, const char* field) {
  Json rows = Json::array();
  for (const Json& video : videos) rows.push_back(video.at(field));
  return rows;
}

}  // namespace

int probe_surprise_of_tensor(const TensorSurpriseRequest& request,
                             const SurpriseModelFlags& model,
                             const CommonFlags& common,
                             Invocation& invocation) {
  const std::vector<TensorVideo> videos = read_tensor_videos(request.frames);
  const std::vector<SurpriseJob> jobs =
      model.jobs(request.contexts, request.fixed_context, common.device);
  const PredictionWindows& windows = jobs.front().options.windows;
  SurprisePassOptions options;
  options.threads = common.threads;
  Json documents = Json::array();
  std::string text;
  for (const TensorVideo& video : videos) {
    std::vector<VideoSurprise> results = surprise_of_tensor(video, jobs, options);
    if (request.pads_with_zeros) {
      for (VideoSurprise& result : results) pad_with_zeros(result);
    }
    Json document = video_surprise_json(jobs, results);
    text += format_video_surprise(video.id, windows.contexts, document);
    document["id"] = video.id;
    documents.push_back(std::move(document));
  }
  if (common.json) {
    Json document{{"schema", 1},
                  {"name", jobs.front().name},
                  {"protocol", windows.protocol()},
                  {"settings", surprise_settings_json(jobs.front())},
                  {"contexts", windows.contexts}};
    if (videos.size() == 1) {
      document.update(documents[0]);
    } else {
      document["surprise"] = stacked(documents, "surprise");
      document["mean"] = stacked(documents, "mean");
      document["videos"] = documents;
    }
    invocation.out << dump_json_pretty(document);
  } else {
    invocation.out << text;
  }
  return 0;
}

void SurpriseDatasetFlags::add(CLI::App& app) {
  app.add_option("--dataset", path,
                 "With --encoder: a folder of videos, a manifest (id, path, label, pair, task), a "
                 "data set of a known layout, or one video; the same as --set dataset.path=PATH")
      ->type_name("PATH");
  app.add_option("--set", set,
                 "With --encoder: a field of the suite's sections dataset or video, such as "
                 "dataset.world=impossible_objects; repeatable")
      ->take_all()
      ->expected(1)
      ->type_name("KEY=VALUE");
  app.add_option("--limit", limit, "Only the first N items")->check(above_zero())->type_name("N");
  app.add_flag("--allow-outside-root", allow_outside_root,
               "Accept absolute paths, '..' and links that leave the data set");
}

Suite SurpriseDatasetFlags::suite(const std::vector<std::string>& columns) const {
  for (const std::string& override : set) {
    const std::string section = override.substr(0, override.find_first_of(".="));
    if (section != "dataset" && section != "video")
      throw Error(ErrorKind::kUsage, "--set " + override,
                  "expected a field of dataset or video; windows have flags of their own");
  }
  std::vector<std::string> overrides;
  if (!path.empty()) overrides.push_back("dataset.path=" + Json(path).dump());
  overrides.insert(overrides.end(), set.begin(), set.end());
  if (limit >= 0) overrides.push_back(fmt::format("dataset.limit={}", limit));
  if (allow_outside_root) overrides.emplace_back("dataset.allow_outside_root=true");
  for (const auto& [ours, theirs] : column_mapping(columns))
    overrides.push_back(fmt::format("dataset.columns.{}={}", ours, Json(theirs).dump()));
  return parse_suite("encoders: [{family: pixels}]\n", "--set", overrides);
}

int print_surprise_run(const SurpriseRun& run,
                       const std::vector<SurpriseJob>& jobs,
                       const CommonFlags& common,
                       const std::string& out,
                       Invocation& invocation) {
  const SurpriseArrays& model = run.models.front();
  Json document{{"schema", 1},
                {"name", jobs.front().name},
                {"protocol", jobs.front().options.windows.protocol()},
                {"settings", surprise_settings_json(jobs.front())},
                {"contexts", model.set.contexts},
                {"notes", run.notes},
                {"videos", Json::array()}};
  std::string text;
  for (std::size_t i = 0; i < run.items.size(); ++i) {
    Json video = video_surprise_json(run, i);
    text += format_video_surprise(run.items[i].item->id, model.set.contexts, video);
    document["videos"].push_back(std::move(video));
  }
  document["problems"] = problems_json(model.problems);
  if (run.items.size() == 1) document.update(Json(document["videos"][0]));
  if (!out.empty()) write_file_atomic(out + "/curves.json", dump_json_pretty(document));
  invocation.out << (common.json ? dump_json_pretty(document) : text);
  for (const PairProblem& problem : model.problems)
    invocation.err << fmt::format("failed: {}: {}\n", problem.id, problem.text);
  for (const std::string& note : run.notes) invocation.err << "note: " << note << "\n";
  return model.problems.empty() ? 0 : exit_code(ErrorKind::kPartial);
}

}  // namespace physprobe

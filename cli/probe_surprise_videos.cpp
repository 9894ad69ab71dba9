#include "physprobe/cli/probe_surprise_videos.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
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

}  // namespace physprobe

#include "physprobe/eval/voe/video_document.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

Json pooled_json(const SurpriseCurves& curves, SurprisePooling pooling) {
  Json values = Json::array();
  for (std::size_t row = 0; row <= curves.size(); ++row)
    values.push_back(pooled_curve(curve_of(curves, row), pooling));
  return values;
}

Json null_json(const SurpriseCurves& curves) {
  return Json{{"mean", pooled_json(curves, SurprisePooling::kMean)}, {"surprise", curves}};
}

Json timeline_json(const VideoSurprise& video) {
  Json rows = Json::array();
  for (int64_t c = 0; c < video.timeline.size(0); ++c) {
    Json row = Json::array();
    const double* values = video.timeline.data_ptr<double>() + c * video.timeline.size(1);
    for (int64_t s = 0; s < video.timeline.size(1); ++s)
      row.push_back(std::isnan(values[s]) ? Json() : Json(values[s]));
    rows.push_back(std::move(row));
  }
  return Json{{"slot_frames", video.slot_frames}, {"surprise", rows}};
}

Json model_json(const VideoSurprise& model, const Json& nulls) {
  return Json{{"frames", model.frames},
              {"window_starts", model.starts},
              {"surprise", model.curves},
              {"mean", pooled_json(model.curves, SurprisePooling::kMean)},
              {"maximum", pooled_json(model.curves, SurprisePooling::kMaximum)},
              {"timeline", timeline_json(model)},
              {"nulls", nulls}};
}

}  // namespace

Json surprise_settings_json(const SurpriseJob& job) {
  const EncoderInfo& info = job.predictor->info();
  const PredictionWindows& windows = job.options.windows;
  const PredictorInfo& predictor = job.predictor->predictor_info();
  return Json{{"encoder", info.id},
              {"description", info.description},
              {"weights_digest", info.weights_digest},
              {"options", info.canonical},
              {"preprocess", info.preprocess.canonical()},
              {"window", windows.window},
              {"stride", windows.stride},
              {"frame_skip", windows.frame_skip},
              {"contexts", windows.contexts},
              {"frames_per_step", info.frames_per_step},
              {"growing_context", windows.growing_context},
              {"distance", "mean absolute difference"},
              {"targets", predictor.normalises_targets ? "layer norm without affine part, eps 1e-5"
                                                       : "as given"},
              {"mask_token", predictor.mask_token},
              {"dtype", "float32"}};
}

Json video_surprise_json(const std::vector<SurpriseJob>& jobs,
                         const std::vector<VideoSurprise>& results) {
  const VideoSurprise& model = results.front();
  Json nulls = Json::object();
  if (!model.zero_prediction.empty()) nulls[kZeroPrediction] = null_json(model.zero_prediction);
  if (!model.copy_last_context.empty())
    nulls[kCopyLastContext] = null_json(model.copy_last_context);
  for (std::size_t j = 1; j < jobs.size(); ++j) nulls[jobs[j].name] = null_json(results[j].curves);
  return model_json(model, nulls);
}

Json video_surprise_json(const SurpriseRun& run, std::size_t index) {
  const SurpriseRunItem& item = run.items[index];
  const SurpriseVideoFacts& facts = item.model.facts;
  Json nulls = Json::object();
  for (const SurpriseArrays& model : run.models) {
    if (model.is_null) nulls[model.set.model] = null_json(model.set.items[index].curves);
  }
  Json times = Json::array();
  for (std::size_t i = 0; i < facts.pts_seconds.size();
       i += static_cast<std::size_t>(item.model.video.slot_frames))
    times.push_back(facts.pts_seconds[i]);
  Json json{{"id", item.item->id},
            {"video", Json{{"width", facts.width},
                           {"height", facts.height},
                           {"fps", facts.fps},
                           {"frame_count", facts.frame_count}}},
            {"times_seconds", times}};
  json.update(model_json(item.model.video, nulls));
  return json;
}

std::string format_video_surprise(const std::string& id,
                                  const std::vector<int64_t>& contexts,
                                  const Json& video) {
  const auto line = [](const std::string& name, const Json& means) {
    std::string text = fmt::format("  {:<32}", name);
    for (const Json& mean : means) text += fmt::format(" {:>10.6f}", mean.get<double>());
    return text + "\n";
  };
  std::string text =
      fmt::format("{}: {} frames, {} windows\n  {:<32}", id, video["frames"].get<int64_t>(),
                  video["window_starts"].size(), "mean surprise");
  for (const int64_t context : contexts)
    text += fmt::format(" {:>10}", fmt::format("C={}", context));
  text += fmt::format(" {:>10}\n", "Filtered") + line("the model", video["mean"]);
  for (const auto& [name, null] : video["nulls"].items()) text += line(name, null["mean"]);
  return text;
}

}  // namespace physprobe

#include "physprobe/eval/voe/stored_surprise.h"

#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Raise when a change of code changes stored numbers, so that old rows are never mistaken for new
/// ones.
constexpr int kSurpriseNumerics = 1;

std::string seconds(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : std::string("none");
}

std::string predictor_text(const SurpriseJob& job) {
  const EncoderInfo& info = job.predictor->info();
  return fmt::format("predictor={}\noptions={}\nweights={}\npreprocess={}\n{}\n", info.family,
                     info.canonical, info.weights_digest, info.preprocess.canonical(),
                     job.options.windows.canonical());
}

at::Tensor integers(const std::vector<int64_t>& values) {
  return at::tensor(values, at::kLong);
}

std::vector<int64_t> integers_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
}

}  // namespace

std::string surprise_key(const SurpriseJob& job,
                         const DatasetItem& item,
                         const VideoOptions& video,
                         const std::string& video_digest) {
  const SurpriseStreamOptions& options = job.options;
  std::string text = fmt::format("physprobe-surprise\nnumerics={}\n", kSurpriseNumerics);
  text += predictor_text(job);
  text += fmt::format("zero={}\ncopy={}\nsketches={}\nmap={}\n", options.zero_prediction,
                      options.copy_last_context, options.context_sketches ? kSketchWidth : 0,
                      options.map_context);
  text += fmt::format(
      "video={}\nfirst={}\nstart={}\nstop={}\nstream={}\nrotation={}\ntruncated={}\nimage_fps={}\n",
      video_digest, first_frame_of(item), seconds(item.start_seconds), seconds(item.stop_seconds),
      video.stream_index, video.apply_rotation, video.allow_truncated, video.image_sequence_fps);
  return sha256_hex(text);
}

std::string surprise_space(const SurpriseJob& job) {
  return sha256_hex("physprobe-surprise-space\n" + predictor_text(job));
}

at::Tensor curves_tensor(const SurpriseCurves& curves) {
  std::size_t longest = 0;
  for (const std::vector<double>& curve : curves) longest = std::max(longest, curve.size());
  at::Tensor tensor = at::full({static_cast<int64_t>(curves.size()), static_cast<int64_t>(longest)},
                               std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  double* row = tensor.data_ptr<double>();
  for (const std::vector<double>& curve : curves) {
    std::copy(curve.begin(), curve.end(), row);
    row += longest;
  }
  return tensor;
}

SurpriseCurves curves_of_tensor(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  SurpriseCurves curves;
  const double* row = values.data_ptr<double>();
  for (int64_t c = 0; c < values.size(0); ++c, row += values.size(1)) {
    int64_t length = values.size(1);
    while (length > 0 && std::isnan(row[length - 1])) --length;
    curves.emplace_back(row, row + length);
  }
  return curves;
}

StoreRecord surprise_record(const std::string& key,
                            const std::string& item_id,
                            const std::string& space,
                            const VideoSurprise& video,
                            const SurpriseVideoFacts& facts) {
  StoreRecord record;
  record.key = key;
  record.item_id = item_id;
  record.space = space;
  record.meta = dump_json(Json{{"kind", "surprise"},
                               {"frames", video.frames},
                               {"slot_frames", video.slot_frames},
                               {"width", facts.width},
                               {"height", facts.height},
                               {"frame_count", facts.frame_count},
                               {"fps", facts.fps}});
  record.fields["surprise"] = curves_tensor(video.curves);
  if (!video.zero_prediction.empty())
    record.fields["zero_prediction"] = curves_tensor(video.zero_prediction);
  if (!video.copy_last_context.empty())
    record.fields["copy_last_context"] = curves_tensor(video.copy_last_context);
  record.fields["starts"] = integers(video.starts);
  record.fields["indices"] = integers(facts.indices);
  record.fields["pts_seconds"] = at::tensor(facts.pts_seconds, at::kDouble);
  record.fields["timeline"] = video.timeline;
  record.fields["trajectory"] = video.trajectory;
  if (video.map.defined()) record.fields["map"] = video.map;
  if (video.context_sketches.defined()) record.fields["context_sketches"] = video.context_sketches;
  return record;
}

StoredSurprise read_surprise_record(const StoreRecord& record) {
  const Json meta = Json::parse(record.meta);
  const auto field = [&](const char* name) {
    const auto found = record.fields.find(name);
    return found == record.fields.end() ? at::Tensor() : found->second;
  };
  StoredSurprise stored;
  VideoSurprise& video = stored.video;
  video.frames = meta.at("frames").get<int64_t>();
  video.slot_frames = meta.at("slot_frames").get<int64_t>();
  video.starts = integers_of(record.fields.at("starts"));
  video.curves = curves_of_tensor(record.fields.at("surprise"));
  if (field("zero_prediction").defined())
    video.zero_prediction = curves_of_tensor(field("zero_prediction"));
  if (field("copy_last_context").defined())
    video.copy_last_context = curves_of_tensor(field("copy_last_context"));
  video.timeline = record.fields.at("timeline");
  video.trajectory = record.fields.at("trajectory");
  video.map = field("map");
  video.context_sketches = field("context_sketches");
  SurpriseVideoFacts& facts = stored.facts;
  facts.width = meta.at("width").get<int64_t>();
  facts.height = meta.at("height").get<int64_t>();
  facts.frame_count = meta.at("frame_count").get<int64_t>();
  facts.fps = meta.at("fps").get<double>();
  facts.indices = integers_of(record.fields.at("indices"));
  const at::Tensor pts = record.fields.at("pts_seconds").contiguous();
  facts.pts_seconds.assign(pts.data_ptr<double>(), pts.data_ptr<double>() + pts.numel());
  return stored;
}

}  // namespace physprobe

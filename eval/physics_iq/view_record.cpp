#include "physprobe/eval/physics_iq/view_record.h"

#include "physprobe/eval/json_number.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

double scalar(const nlohmann::json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Json metrics_json(const ViewMetrics& m) {
  return Json{{"spatiotemporal_iou_v1", m.spatiotemporal_iou_v1},
              {"spatiotemporal_iou_v2", m.spatiotemporal_iou_v2},
              {"spatial_iou_v1", finite_or_null(m.spatial_iou_v1)},
              {"spatial_iou_v2", finite_or_null(m.spatial_iou_v2)},
              {"weighted_spatial_iou_v1", finite_or_null(m.weighted_spatial_iou_v1)},
              {"weighted_spatial_iou_v2", finite_or_null(m.weighted_spatial_iou_v2)},
              {"v1_mse", m.mse_v1},
              {"v2_mse", m.mse_v2},
              {"variance_spatial", finite_or_null(m.variance_spatial)},
              {"variance_weighted_spatial", finite_or_null(m.variance_weighted_spatial)},
              {"variance_spatiotemporal_iou", m.variance_spatiotemporal_iou},
              {"variance_mse", m.variance_mse}};
}

ViewMetrics metrics_from(const nlohmann::json& json) {
  ViewMetrics m;
  const auto list = [&](const char* name) { return json.at(name).get<std::vector<double>>(); };
  m.spatiotemporal_iou_v1 = list("spatiotemporal_iou_v1");
  m.spatiotemporal_iou_v2 = list("spatiotemporal_iou_v2");
  m.spatial_iou_v1 = scalar(json.at("spatial_iou_v1"));
  m.spatial_iou_v2 = scalar(json.at("spatial_iou_v2"));
  m.weighted_spatial_iou_v1 = scalar(json.at("weighted_spatial_iou_v1"));
  m.weighted_spatial_iou_v2 = scalar(json.at("weighted_spatial_iou_v2"));
  m.mse_v1 = list("v1_mse");
  m.mse_v2 = list("v2_mse");
  m.variance_spatial = scalar(json.at("variance_spatial"));
  m.variance_weighted_spatial = scalar(json.at("variance_weighted_spatial"));
  m.variance_spatiotemporal_iou = list("variance_spatiotemporal_iou");
  m.variance_mse = list("variance_mse");
  return m;
}

Json motion_json(const MotionFeatures& motion) {
  return Json{
      {"brightness", motion.brightness}, {"change", motion.change}, {"shift", motion.shift}};
}
MotionFeatures motion_from(const nlohmann::json& json) {
  return {json.at("brightness").get<std::vector<double>>(),
          json.at("change").get<std::vector<double>>(),
          json.at("shift").get<std::vector<double>>()};
}

}  // namespace

Json truth_json(const TruthRecord& record) {
  Json baselines = Json::object();
  for (const auto& [name, metrics] : record.baselines) baselines[name] = metrics_json(metrics);
  return Json{{"schema", 1},
              {"frames", record.frames},
              {"fps", record.fps},
              {"height", record.height},
              {"width", record.width},
              {"has_take2", record.has_take2},
              {"ceiling", metrics_json(record.ceiling)},
              {"baselines", baselines},
              {"area_take1", record.area_take1},
              {"area_take2", record.area_take2},
              {"motion", motion_json(record.motion)}};
}

TruthRecord truth_from_json(const nlohmann::json& json) {
  TruthRecord record;
  record.frames = json.at("frames").get<int64_t>();
  record.fps = json.at("fps").get<double>();
  record.height = json.at("height").get<int64_t>();
  record.width = json.at("width").get<int64_t>();
  record.has_take2 = json.at("has_take2").get<bool>();
  record.ceiling = metrics_from(json.at("ceiling"));
  for (const auto& [name, metrics] : json.at("baselines").items())
    record.baselines[name] = metrics_from(metrics);
  record.area_take1 = json.at("area_take1").get<std::vector<int64_t>>();
  record.area_take2 = json.at("area_take2").get<std::vector<int64_t>>();
  record.motion = motion_from(json.at("motion"));
  return record;
}

Json generated_json(const GeneratedRecord& record) {
  return Json{{"schema", 1},
              {"metrics", metrics_json(record.metrics)},
              {"area", record.area},
              {"overlap", record.overlap},
              {"best_delay_frames", record.best_delay_frames},
              {"best_delay_iou", record.best_delay_iou},
              {"motion", motion_json(record.motion)},
              {"source_height", record.source_height},
              {"source_width", record.source_width},
              {"aspect_of_take1", record.aspect_of_take1}};
}

GeneratedRecord generated_from_json(const nlohmann::json& json) {
  GeneratedRecord record;
  record.metrics = metrics_from(json.at("metrics"));
  record.area = json.at("area").get<std::vector<int64_t>>();
  record.overlap = json.at("overlap").get<std::vector<int64_t>>();
  record.best_delay_frames = json.at("best_delay_frames").get<int64_t>();
  record.best_delay_iou = json.at("best_delay_iou").get<double>();
  record.motion = motion_from(json.at("motion"));
  record.source_height = json.at("source_height").get<int64_t>();
  record.source_width = json.at("source_width").get<int64_t>();
  record.aspect_of_take1 = json.at("aspect_of_take1").get<double>();
  return record;
}

ViewMetrics joined(const TruthRecord& truth, const ViewMetrics& of_generated) {
  ViewMetrics all = of_generated;
  all.variance_spatial = truth.ceiling.variance_spatial;
  all.variance_weighted_spatial = truth.ceiling.variance_weighted_spatial;
  all.variance_spatiotemporal_iou = truth.ceiling.variance_spatiotemporal_iou;
  all.variance_mse = truth.ceiling.variance_mse;
  return all;
}

}  // namespace physprobe

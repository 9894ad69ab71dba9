#include "physprobe/eval/array_probe.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/json_number.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

Json value_or_null(const std::optional<double>& value) {
  return value ? finite_or_null(*value) : Json();
}

}  // namespace

nlohmann::ordered_json straightening_json(const StraighteningResult& result) {
  const bool has_angle = !result.curvature_deg.empty();
  Json json{{"distance", has_angle ? result.distance : std::vector<double>()},
            {"curvature_deg", result.curvature_deg},
            {"mean_curvature_deg", finite_or_null(result.mean_curvature_deg)},
            {"henaff_mean_curvature_deg", finite_or_null(result.henaff_mean_curvature_deg)},
            {"n_zero_steps", result.n_zero_steps},
            {"restrav21", nullptr},
            {"restrav_partial", nullptr}};
  if (result.restrav_is_complete()) {
    json["restrav21"] = result.restrav;
  } else if (!result.restrav.empty()) {
    json["restrav_partial"] = result.restrav;
  }
  return json;
}

nlohmann::ordered_json geophys_json(const GeophysStatistics& statistics, bool with_series) {
  Json json{{"speed", value_or_null(statistics.speed)},
            {"curv", value_or_null(statistics.curv)},
            {"ang", value_or_null(statistics.ang)},
            {"accel", value_or_null(statistics.accel)},
            {"perr", value_or_null(statistics.perr)}};
  if (with_series) {
    Json turning = Json::array();
    for (const auto& angle : statistics.turning_radians) turning.push_back(value_or_null(angle));
    json["series"] = Json{{"step_length", statistics.step_length},
                          {"turning_radians", turning},
                          {"acceleration_squared", statistics.acceleration_squared},
                          {"residual_norm", statistics.residual_norm}};
  }
  return json;
}

namespace {

Json probe_trajectory(const at::Tensor& trajectory, const ArrayProbeOptions& options) {
  const TrajectoryGeometry geometry = trajectory_geometry(trajectory);
  Json result =
      straightening_json(straightening(with_repeated_frames(geometry, options.repeated_frames)));
  result["n_zero_steps"] = geometry.n_zero_steps;
  result["geophys"] = geophys_json(geophys_statistics(trajectory, options.geophys), false);
  return result;
}

}  // namespace

ArrayProbeSummary probe_arrays(
    const std::string& path,
    const ArrayProbeOptions& options,
    const std::function<void(const std::string&, const nlohmann::ordered_json&)>& body) {
  ArrayProbeSummary summary;
  const auto fail = [&](const std::string& name, const Error& error) {
    summary.failures.push_back(name + ": " + error.what());
    body(name, Json{{"error", error.what()}});
  };
  ArrayStreamOptions arrays = options.arrays;
  arrays.on_damaged = fail;
  summary.left_out =
      for_each_trajectory(path, arrays, [&](const std::string& name, const at::Tensor& trajectory) {
        Json result;
        try {
          result = probe_trajectory(trajectory, options);
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::kInput) throw;
          fail(name, error);
          return;
        }
        ++summary.probed;
        body(name, result);
      });
  return summary;
}

}  // namespace physprobe

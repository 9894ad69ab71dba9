#include "physprobe/eval/stored_geometry.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>

namespace physprobe {
namespace {

void put(StoreRecord& record, const std::string& field, const std::vector<double>& values) {
  record.fields[field] = at::tensor(values, at::TensorOptions().dtype(at::kDouble));
}

std::vector<double> get(const StoreRecord& record, const std::string& field) {
  const at::Tensor values = record.fields.at(field).contiguous();
  return std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
}

}  // namespace

void put_geometry(StoreRecord& record,
                  const std::string& prefix,
                  const TrajectoryGeometry& geometry) {
  put(record, prefix + "distance", geometry.distance);
  put(record, prefix + "cosine", geometry.cosine);
  put(record, prefix + "henaff_cosine", geometry.henaff_cosine);
  put(record, prefix + "chord", {geometry.chord});
  // Without repeated frames the live cosines are the cosines.
  if (geometry.n_zero_steps == 0) return;
  put(record, prefix + "live_cosine", geometry.live_cosine);
  put(record, prefix + "live_henaff_cosine", geometry.live_henaff_cosine);
}

TrajectoryGeometry get_geometry(const StoreRecord& record, const std::string& prefix) {
  TrajectoryGeometry geometry;
  if (record.fields.count(prefix + "distance") == 0) return geometry;
  geometry.distance = get(record, prefix + "distance");
  geometry.cosine = get(record, prefix + "cosine");
  geometry.henaff_cosine = get(record, prefix + "henaff_cosine");
  geometry.chord = get(record, prefix + "chord").front();
  geometry.n_frames = static_cast<int64_t>(geometry.distance.size()) + 1;
  for (const double step : geometry.distance) geometry.n_zero_steps += step == 0.0 ? 1 : 0;
  const bool has_repeats = geometry.n_zero_steps > 0;
  geometry.live_cosine = has_repeats ? get(record, prefix + "live_cosine") : geometry.cosine;
  geometry.live_henaff_cosine =
      has_repeats ? get(record, prefix + "live_henaff_cosine") : geometry.henaff_cosine;
  return geometry;
}

}  // namespace physprobe

#pragma once
// The straightening probe over arrays made elsewhere (`probe straightening --trajectories`).

#include "physprobe/memory/array_file.h"
#include "physprobe/probes/geophys.h"
#include "physprobe/probes/straightening.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace physprobe {

struct ArrayProbeOptions {
  ArrayStreamOptions arrays;
  RepeatedFrames repeated_frames = RepeatedFrames::kReuse;
  GeophysOptions geophys;
};

/// What became of the arrays of one file.
struct ArrayProbeSummary {
  int64_t probed = 0;
  std::vector<std::string> failures;  ///< "<name>: <why>", in order.
  std::vector<std::string> left_out;  ///< Arrays that are no trajectories; see array_file.h.
};

/// Calls `body(name, result)` per trajectory; `result` has distance, curvature_deg,
/// mean_curvature_deg, henaff_mean_curvature_deg, restrav21, restrav_partial, geophys, n_zero_steps
/// (docs/straightening.md), or `error` alone if this trajectory cannot be probed (NaN, damaged
/// file, repeated frames under kError): the others go on. Constant memory in the number of
/// trajectories. Throws Error(kInput) as `for_each_trajectory` does.
ArrayProbeSummary probe_arrays(
    const std::string& path,
    const ArrayProbeOptions& options,
    const std::function<void(const std::string&, const nlohmann::ordered_json&)>& body);

/// The JSON form of one tap's result, shared by runs and arrays. NaN becomes null. Fewer than three
/// frames have no curvature: both lists are empty, the length of a lone step is not a result.
nlohmann::ordered_json straightening_json(const StraighteningResult& result);
nlohmann::ordered_json geophys_json(const GeophysStatistics& statistics, bool with_series);

}  // namespace physprobe

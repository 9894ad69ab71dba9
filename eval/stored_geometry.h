#pragma once
// How a trajectory's geometry lies in a stored record: float64 fields "<prefix>distance",
// "<prefix>cosine", ….

#include "physprobe/memory/embedding_store.h"
#include "physprobe/probes/trajectory.h"

#include <string>

namespace physprobe {

void put_geometry(StoreRecord& record,
                  const std::string& prefix,
                  const TrajectoryGeometry& geometry);

/// The geometry stored under `prefix`; n_frames is 0 when there is none.
TrajectoryGeometry get_geometry(const StoreRecord& record, const std::string& prefix);

}  // namespace physprobe

#pragma once
// Which part of a data set a process works on. An item belongs to shard SHA-256(id) mod n, whatever
// the order of the manifest.

#include <cstdint>
#include <optional>
#include <string>

namespace physprobe {

struct Shard {
  int64_t index = 0;  ///< From 0.
  int64_t count = 1;
  bool contains(const std::string& item_id) const;
  bool is_whole() const { return count == 1; }
  std::string folder() const;  ///< "shard-0003-of-0016".
};

/// "2/8" (index from 0), "auto", or "" (the whole). "auto" reads Slurm's array variables
/// (SLURM_ARRAY_TASK_ID, …_MIN, …_MAX, …_COUNT; arrays from 0 or 1 with step 1), else an MPI
/// launcher's rank and size (OMPI_COMM_WORLD_*, PMI_*, PMIX_RANK with SLURM_NTASKS, SLURM_PROCID).
/// Throws Error(kUsage) saying which variables were found.
Shard parse_shard(const std::string& text);

}  // namespace physprobe

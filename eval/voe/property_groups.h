#pragma once
// Under which principles a benchmark's results are published: several scenes or blocks a principle.

#include <string>
#include <vector>

namespace physprobe {

struct PropertyGroup {
  std::string name;                  ///< "object_permanence"
  std::vector<std::string> members;  ///< Properties, as in the data set.
};

/// Of "intphys", "grasp", "inflevel", "inflevel-relabelled" (Garrido et al. 2025); a scene may be
/// in several groups. Empty for "". Other names that have no groups ("intphys2", "likephys") give
/// none. Throws Error(kUsage) that names the nearest known benchmark.
const std::vector<PropertyGroup>& property_groups(const std::string& benchmark);

}  // namespace physprobe

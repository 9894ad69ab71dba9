#include "physprobe/eval/voe/property_groups.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <map>

namespace physprobe {

const std::vector<PropertyGroup>& property_groups(const std::string& benchmark) {
  static const std::map<std::string, std::vector<PropertyGroup>> groups = {
      {"", {}},
      {"intphys",
       {{"object_permanence", {"O1"}}, {"shape_constancy", {"O2"}}, {"continuity", {"O3"}}}},
      {"grasp",
       {{"object_permanence", {"ObjectPermanence", "ObjectPermanence2", "ObjectPermanence3"}},
        {"continuity",
         {"Continuity", "GravityContinuity", "SolidityContinuity", "SolidityContinuity2"}},
        {"color_constancy", {"Unchangeableness", "Unchangeableness2"}},
        {"support", {"GravitySupport"}},
        {"inertia", {"GravityInertia", "GravityInertia2", "Inertia", "Inertia2"}},
        {"gravity",
         {"Gravity", "GravityContinuity", "GravityInertia", "GravityInertia2", "GravitySupport"}},
        {"solidity", {"SolidityContinuity", "SolidityContinuity2"}},
        {"collision", {"Collision"}}}},
      {"inflevel",
       {{"object_permanence", {"continuity"}},
        {"gravity", {"gravity"}},
        {"solidity", {"solidity"}}}},
      {"inflevel-relabelled",
       {{"object_permanence", {"continuity"}},
        {"gravity", {"gravity"}},
        {"solidity", {"solidity"}}}},
      {"intphys2", {}},
      {"likephys", {}}};
  const auto found = groups.find(benchmark);
  if (found != groups.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& entry : groups) {
    if (!entry.first.empty()) known.push_back(entry.first);
  }
  throw Error(ErrorKind::kUsage, "--benchmark",
              fmt::format("'{}' is no benchmark{}", benchmark, did_you_mean(benchmark, known)));
}

}  // namespace physprobe

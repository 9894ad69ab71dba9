#pragma once
// Every possible video of a scene against every impossible one: another, noisier metric than that
// of matched pairs, and the only one where videos share a partner (LikePhys).

#include "physprobe/eval/minimal_pairs/item.h"
#include "physprobe/eval/voe/surprise_set.h"

#include <string>
#include <vector>

namespace physprobe {

enum class SurprisePairing {
  kGiven,  ///< The data set's pairs: videos that differ minimally.
  kCross,  ///< All pairs of a possible and an impossible video of one scene.
};

/// The cross pairs of a property, by scene, then in the order of the set. They are not independent:
/// the scene is the cluster. Problems: items without scene, scenes without a possible or without an
/// impossible video, pairs whose members have different numbers of windows; these are left out.
std::vector<SurprisePair> cross_pairs(const SurpriseSet& set,
                                      const std::string& property,
                                      std::vector<PairProblem>& problems);

}  // namespace physprobe

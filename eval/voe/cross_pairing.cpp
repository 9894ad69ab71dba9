#include "physprobe/eval/voe/cross_pairing.h"

#include <fmt/format.h>

#include <map>

namespace physprobe {

std::vector<SurprisePair> cross_pairs(const SurpriseSet& set,
                                      const std::string& property,
                                      std::vector<PairProblem>& problems) {
  const std::string file = set.files.empty() ? "" : set.files.front();
  struct Scene {
    std::vector<const SurpriseItem*> possible, impossible;
  };
  std::map<std::string, Scene> scenes;
  for (const SurpriseItem& item : set.items) {
    if (item.property != property) continue;
    if (item.scene.empty()) {
      problems.push_back({"no scene", file, 0, item.id,
                          "names no quadruplet, which cross pairs need; add the column"});
      continue;
    }
    Scene& scene = scenes[item.scene];
    (item.is_possible ? scene.possible : scene.impossible).push_back(&item);
  }
  std::vector<SurprisePair> pairs;
  for (const auto& [name, scene] : scenes) {
    if (scene.possible.empty() || scene.impossible.empty()) {
      problems.push_back({"no partner", file, 0, name,
                          fmt::format("has {} possible and {} impossible videos",
                                      scene.possible.size(), scene.impossible.size())});
    }
    for (const SurpriseItem* possible : scene.possible) {
      for (const SurpriseItem* impossible : scene.impossible) {
        const std::string pair = possible->id + " | " + impossible->id;
        const std::size_t windows = possible->curves.front().size();
        if (windows != impossible->curves.front().size()) {
          problems.push_back({"different lengths", file, 0, pair,
                              fmt::format("{} has {} windows, {} has {}", possible->id, windows,
                                          impossible->id, impossible->curves.front().size())});
          continue;
        }
        pairs.push_back({pair, possible, impossible});
      }
    }
  }
  return pairs;
}

}  // namespace physprobe

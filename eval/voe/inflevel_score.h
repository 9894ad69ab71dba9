#pragma once
// InfLevel's own score (Weihs et al. 2022; official evaluator): how often a real event is judged
// more plausible than a magic one of the same set-up.

#include "physprobe/core/statistics/bootstrap.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

constexpr const char* kInfLevelProtocol = "voe/inflevel";

/// Plausibility of the four events of one set-up: (camera, cover, object[, direction]).
struct InfLevelGroup {
  std::string name;
  std::array<double, 2> real;
  std::array<double, 2> magic;
};

struct InfLevelTable {
  std::string file;
  std::string principle;  ///< "continuity", or "gravity or solidity", whose types are the same.
  std::vector<InfLevelGroup> groups;    ///< Complete ones, in the order of the file.
  std::vector<std::string> incomplete;  ///< Groups without all four types, which are left out, and
                                        ///< the types that they have.
};

/// CSV or TSV with camera_loc, cover, obj, trial_type and, if there, dir; `score_column` is LARGE
/// for plausible events, or small with `is_surprise`. Throws Error(kInput) for missing columns, an
/// unknown or mixed trial_type, a score that is no finite number, a type twice in one group (all
/// lines named), or no complete group.
InfLevelTable read_inflevel_scores(const std::string& path,
                                   const std::string& score_column,
                                   bool is_surprise);

struct InfLevelScore {
  double accuracy = 0.0;     ///< Share in [0, 1]: mean over groups of the four comparisons real >
                             ///< magic, ties one half.
  double one_sided_p = 1.0;  ///< Share of permutations at or above the accuracy.
  double two_sided_p = 1.0;  ///< Share at least as far from 1/2; 1 if the accuracy is exactly 1/2.
  double permuted_mean = 0.0;
  double permuted_sd = 0.0;
  int64_t ties = 0;   ///< Comparisons.
  Interval interval;  ///< Of the accuracy, BCa over groups.
};

/// Permutations exchange the four scores within every group. Compared as counts of half
/// comparisons, so that rounding decides nothing. The numbers depend on the seed only.
InfLevelScore inflevel_score(const InfLevelTable& table,
                             int64_t permutations,
                             const BootstrapOptions& options);

/// {schema, name, protocol, scores (the flat list), models: [{name, files, groups_total,
/// groups_complete, incomplete, permutation}], …}.
nlohmann::ordered_json inflevel_json(const std::vector<InfLevelTable>& tables,
                                     const std::vector<InfLevelScore>& scores,
                                     int64_t permutations,
                                     const BootstrapOptions& options);

}  // namespace physprobe

#pragma once
// Published results of violation of expectation, percent, as tables that are never mixed: results
// of one benchmark, one statistic and one protocol stand together. Sources: Garrido et al. 2025
// (arXiv 2502.11831), Bordes et al. 2025 (arXiv 2506.09849), public reruns.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct PublishedValue {
  std::string model;
  std::string column;  ///< A principle, difficulty, or "mean" over properties (over pairs for
                       ///< IntPhys 2).
  double value = 0.0;
  std::string reading;  ///< "exact", or how far the value may be from what was measured, points.
  std::string source;
};

struct PublishedTable {
  std::string benchmark;  ///< "intphys", "grasp", "inflevel", "inflevel-relabelled", "intphys2",
                          ///< "intphys-test".
  /// What is stated: "best_of_sweep" (per property the best of contexts and Filtered),
  /// "best_context" (per group the best context), "filtered", "context <frames>", or what no
  /// surprise run has ("answers" of language models and people, errors on hidden labels).
  std::string statistic;
  std::string protocol;  ///< Frames, in words.
  std::vector<std::string> columns;
  std::vector<PublishedValue> values;
  int64_t skip = 0;    ///< The one frame skip of all values; 0: chosen among several, or not told.
  int64_t window = 0;  ///< As above.
};

const std::vector<PublishedTable>& published_surprise();

}  // namespace physprobe

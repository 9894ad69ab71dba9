#pragma once
// Tables of answers as runs for the engine of minimal pairs. Internal to eval/minimal_pairs.

#include "physprobe/eval/minimal_pairs/score_pair_table.h"

#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// {name, path} of NAME=PATH, or the file's stem and the path.
std::pair<std::string, std::string> named_table(const std::string& given);

/// Answers judged against labels, by the rule of the options under both answer rules.
PairRun answer_run(const std::string& given, const PairTableOptions& options);

}  // namespace physprobe

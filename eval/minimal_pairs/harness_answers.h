#pragma once
// Sample logs of an evaluation harness as answer rows, for benchmarks whose items are told apart by
// an index only. Internal to eval/minimal_pairs.

#include "physprobe/eval/minimal_pairs/answer_table.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace physprobe {

/// Whether a file is a sample log: JSON lines of which the first holds `filtered_resps` or `resps`.
bool is_harness_log(const std::string& path);

/// Fills id, and what else the record holds, of a row whose prediction is set; returns "" or why it
/// cannot.
using DescribeAnswer = std::function<std::string(const nlohmann::json& record, AnswerRow& row)>;

/// A row per record, with the first response as prediction. Broken lines and records that cannot be
/// described are problems.
std::vector<AnswerRow> read_harness_answers(const std::string& path,
                                            const DescribeAnswer& describe,
                                            std::vector<PairProblem>& problems);

}  // namespace physprobe

#pragma once
// From one row of a log, of each kind, to an item. Internal to eval/minimal_pairs.

#include "physprobe/eval/minimal_pairs/annotations.h"
#include "physprobe/eval/minimal_pairs/harness_row.h"
#include "physprobe/eval/minimal_pairs/item.h"

#include <functional>
#include <string>

namespace physprobe {

/// Reports a defect of the row: kind, id, text.
using ReportDefect =
    std::function<void(const char* kind, const std::string& id, const std::string& text)>;

/// False when the row cannot be scored (then reported).
bool item_of_harness_row(HarnessRow& row,
                         const Annotations* annotations,
                         const ReportDefect& report,
                         PairItem& item);

/// A leaderboard row: the answer is a candidate's text. An unparsed answer was submitted as the
/// first candidate, so it cannot be told from an A.
bool item_of_submission(const std::string& id,
                        const std::string& answer,
                        const Annotations* annotations,
                        const ReportDefect& report,
                        PairItem& item);

/// A response judged by both rules against the item's label.
void judge_response(const std::string& response, PairItem& item);

/// At most this much of a response is kept for reading.
constexpr std::size_t kShownResponseBytes = 400;
std::string shown_response(const std::string& text);

}  // namespace physprobe

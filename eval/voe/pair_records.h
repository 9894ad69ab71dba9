#pragma once
// What a report shows of single pairs: surprise over time, the moment at which the impossible video
// surprises more, frames, and where in the frame. Written beside the scores, so that the report
// needs neither the videos nor a model.

#include "physprobe/eval/suite.h"
#include "physprobe/eval/voe/surprise_run.h"

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct PairRecordOptions {
  int64_t fixed_context = 0;  ///< Whose timeline is shown; the context of the maps.
  int64_t most_pairs = 48;    ///< Of each property, spread from the most wrong to the most right.
  int64_t strip_frames = 12;
};

/// Writes "pairs.jsonl" and pictures under "media/" into `directory`; returns the files' names
/// relative to it. A line: {property, pair, n_pairs (of the property), context, right, gap, moment
/// {slot, seconds, gap}, possible, impossible}, a member: {id, mean, seconds [], surprise [] (null
/// where nothing is predicted), media {strip …}, moment_image}. Members are looked at again; frames
/// are as the model sees them. Throws what reading throws.
std::vector<std::string> write_pair_records(const SurpriseRun& run,
                                            const Suite& suite,
                                            const SurpriseJob& job,
                                            const PairRecordOptions& options,
                                            const std::string& directory);

}  // namespace physprobe

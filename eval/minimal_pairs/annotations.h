#pragma once
// The benchmark's own annotations (JSON lines), joined to logs by id: question, candidates, right
// answer, source.

#include "physprobe/eval/minimal_pairs/item.h"

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

namespace physprobe {

struct Annotation {
  std::string question;
  std::array<std::string, 2> candidates;
  std::string source;
  std::string cluster;  ///< Value of the field that was asked for; "" otherwise.
  int label = kUnparsed;
};

struct Annotations {
  std::unordered_map<std::string, Annotation> by_id;
  std::vector<PairProblem> problems;  ///< Malformed records; their ids are not in `by_id`.

  /// Null if there is none.
  const Annotation* find(const std::string& id) const {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : &found->second;
  }
};

/// Reads files or folders of .jsonl files with `video_id`, `question`, `candidates` (list of two
/// strings or a Python literal of one), `answer`, `source`; other fields are ignored, but for
/// `cluster_field` (may be ""). Records whose answer is not among the candidates, that lack a key
/// or contradict another of the same id are listed as problems. Throws Error(kInput) for a path
/// that does not exist, holds no annotations or is a table format that is not read (parquet).
Annotations read_annotations(const std::vector<std::string>& paths,
                             const std::string& cluster_field = "");

/// The data set an item's media path names: the last folder that is one of MVP's sources, "" if
/// none is.
std::string source_of_path(const std::string& path);

/// The two candidates of a list, or of a Python literal. Throws Error(kInput) unless there are two.
std::array<std::string, 2> two_candidates(const std::vector<std::string>& list,
                                          const std::string& literal);

/// 0 or 1, kUnparsed if `answer` is neither candidate.
int candidate_index(const std::array<std::string, 2>& candidates, const std::string& answer);

}  // namespace physprobe

#pragma once
// One line of an evaluation harness's sample log, read without building a document: a log is tens
// of megabytes, of which a few short fields matter. Internal to eval/minimal_pairs.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

/// The object under pair_accuracy or single_accuracy, of either generation.
struct HarnessMetric {
  bool is_object = false;
  std::string video_id;
  std::optional<std::string> response;  ///< "video-llm-prediction" of the original task.
  std::optional<int> prediction;        ///< kUnparsed for false.
  std::optional<int> answer;
  std::optional<int> rating;
  std::vector<std::string> candidates;
};

/// The annotation that older harness versions copy into the log.
struct HarnessDoc {
  std::string video_id, video_path, question, answer, source;
  std::vector<std::string> candidates;
  std::string candidates_text;  ///< A Python literal, when it is no list.
};

struct HarnessRow {
  std::optional<std::string> response;  ///< filtered_resps, else resps; the first of several.
  std::optional<std::string> target;
  std::string input;
  std::string media_path;
  HarnessMetric pair;
  HarnessMetric single;
  HarnessDoc doc;
  std::vector<std::string> keys;  ///< Of the whole row, for messages.
};

/// Reads a line into `row`. Returns "" or why the line is no JSON object.
std::string read_harness_row(std::string_view line, HarnessRow& row);

}  // namespace physprobe

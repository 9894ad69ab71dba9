#pragma once
// What a Physics-IQ evaluation will do, checked before any work starts: every missing, extra,
// unreadable or wrongly timed file is found and all are reported together.

#include "physprobe/eval/physics_iq/view_evaluation.h"

#include <string>
#include <vector>

namespace physprobe {

struct PlanOptions {
  std::vector<std::string> generated;     ///< One folder per run.
  std::string manifest;                   ///< Of a custom set, instead of folders and benchmark.
  std::string benchmark = ".";            ///< Root of the benchmark.
  std::string descriptions;               ///< Descriptions table.
  std::string ground_truth = "verified";  ///< Or "original".
  std::string real_masks = "computed";    ///< Or "published": the benchmark's own mask videos.
  int64_t first_frames = 0;               ///< Compare only the first K frames; 0 = five seconds.
  int64_t drop_first = 0;                 ///< Frames left out at the start of generated videos.
  double resample_fps = 0.0;              ///< Convert every clip to this rate; 0 = as they are.
  void validate() const;                  ///< Throws Error(kUsage).
};

struct PlannedRun {
  std::string name;
  std::string folder;
  double fps = 0.0;
  int64_t frames = 0;
  bool has_one_rate = true;  ///< False in custom sets whose clips differ; `fps` is the last one's.
  bool has_one_length = true;  ///< As `has_one_rate`, of `frames`.
};

struct EvaluationPlan {
  std::vector<PlannedRun> runs;
  std::vector<ViewJob> jobs;
  std::vector<std::string> views;  ///< In the order of the result table's columns.
  std::vector<std::string> warnings;
  std::vector<std::string> notes;  ///< For the results: frames left out, rates, spans.
  bool is_custom = false;
  bool is_official_span = true;  ///< Five seconds of every clip are compared.
};

/// Throws Error(kInput) whose message lists every problem with its file and numbers.
EvaluationPlan plan_evaluation(const PlanOptions& options);

/// Rows of a custom set's manifest: columns generated, real (or take1), optional take2, id, view,
/// category, run. Paths are relative to the manifest.
EvaluationPlan plan_custom_set(const PlanOptions& options);

/// Frames compared at this rate: those with index below 5 * fps.
int64_t frames_of_five_seconds(double fps);

/// Throws the error that lists `problems`; nothing if there are none.
void throw_problems(const std::string& subject, const std::vector<std::string>& problems);

}  // namespace physprobe

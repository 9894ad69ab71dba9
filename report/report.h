#pragma once
// Renders a finished run directory (docs/run_format.md) as one HTML file that opens from disk with
// no network. Computes nothing: every number shown stands in results.json or items.jsonl.

#include <cstdint>
#include <string>

namespace physprobe {

struct ReportOptions {
  int64_t max_bytes =
      20'000'000;       ///< Size of report.html; what does not fit is paged into report_data/.
  int64_t worst = 12;   ///< Embedded items with the largest curvature change against pixels …
  int64_t best = 12;    ///< … the smallest …
  int64_t median = 6;   ///< … around the median …
  int64_t random = 12;  ///< … and drawn at random (seeded by the run), without repeats.
  uint64_t seed = 0;
  void validate() const;
};

/// Writes report.html and report_data/ into `run_directory` atomically. Throws Error(kInput) when
/// it holds no finished run, Error(kIncompatible) for another schema, Error(kResource) when it
/// cannot write. Returns the path of the report.
std::string write_report(const std::string& run_directory, const ReportOptions& options = {});

}  // namespace physprobe

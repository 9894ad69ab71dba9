#pragma once
// Renders a finished scoring of minimal pairs (docs/minimal_pairs.md) as one HTML file that opens
// from disk with no network. Computes nothing: every number stands in results.json or items.jsonl.

#include <cstdint>
#include <string>

namespace physprobe {

struct PairReportOptions {
  int64_t max_item_bytes = 12'000'000;  ///< Room for the item table; what does not fit is counted.
  int64_t max_pair_bytes = 12'000'000;  ///< The same for pairs of surprise and their pictures.
};

/// Whether a run folder holds a scoring of minimal pairs (protocol pairs/…); false also when it
/// holds nothing readable.
bool is_pair_run(const std::string& run_directory);

/// Writes report.html into `run_directory` atomically. Throws Error(kInput) when it holds no
/// finished scoring, Error(kIncompatible) for another protocol or schema, Error(kResource) when it
/// cannot write. Returns the path of the report.
std::string write_pair_report(const std::string& run_directory,
                              const PairReportOptions& options = {});

}  // namespace physprobe

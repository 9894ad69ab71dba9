#pragma once
// The report of a Physics-IQ evaluation: one page that opens from disk, scores with intervals and
// baselines first, then every sample, worst first, with real, generated and overlap side by side.
// Computes nothing.

#include <cstdint>
#include <string>

namespace physprobe {

/// True if the directory holds a finished evaluation of `score physics-iq`.
bool is_physics_iq_run(const std::string& directory);

/// Writes report.html and returns its path. Clips and strips that do not fit `max_bytes` are read
/// from media/ beside the page. Throws Error(kInput) when there is no finished evaluation.
std::string write_physics_iq_report(const std::string& directory, int64_t max_bytes = 20'000'000);

}  // namespace physprobe

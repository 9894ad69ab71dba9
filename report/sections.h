#pragma once
// The page's prose and small tables: what was found, in words taken from the results; nulls, notes,
// failures, provenance. Internal.

#include "physprobe/report/run_files.h"

#include <string>

namespace physprobe {

std::string render_headline(const RunFiles& run);
std::string render_nulls(const RunFiles& run);
std::string render_notes(const RunFiles& run);
std::string render_failures(const RunFiles& run);
std::string render_provenance(const RunFiles& run);

}  // namespace physprobe

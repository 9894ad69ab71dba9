#pragma once
// The page's prose and small tables: nulls, retrieval, notes, failures, provenance. Internal.

#include "physprobe/report/run_files.h"

#include <string>

namespace physprobe {

std::string render_nulls(const RunFiles& run);
/// How often the nearest case bears the query's label, beside chance; "" when it was not scored.
std::string render_retrieval(const RunFiles& run);
std::string render_notes(const RunFiles& run);
std::string render_failures(const RunFiles& run);
std::string render_provenance(const RunFiles& run);

}  // namespace physprobe

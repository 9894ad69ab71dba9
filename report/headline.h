#pragma once
// The first screen: what was measured, the answer with its interval and n, and what it is held
// against. Every number stands in results.json. Internal.

#include "physprobe/report/run_files.h"

#include <string>

namespace physprobe {

std::string render_headline(const RunFiles& run);

}  // namespace physprobe

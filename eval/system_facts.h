#pragma once
// What is in force on this machine, as far as it can be asked without LibTorch: for run.json of
// runs that do without. host_facts.h adds the rest.

#include <nlohmann/json_fwd.hpp>

namespace physprobe {

/// Versions, system, processor, threads, memory and codecs; quick (no benchmark).
nlohmann::ordered_json system_facts();

/// Peak resident memory of this process so far, 10^6 bytes.
double peak_memory_mb();

}  // namespace physprobe

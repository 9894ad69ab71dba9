#pragma once
// What is in force on this machine: library versions, the BLAS and its kernels, threads, SIMD,
// codecs, devices. For run.json and `doctor`.

#include "physprobe/eval/system_facts.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// system_facts and what concerns LibTorch, its BLAS and its devices; quick (no benchmark).
nlohmann::ordered_json host_facts();

struct DoctorFinding {
  enum class Level { kOk, kSlow, kProblem } level = Level::kOk;
  std::string topic;   ///< "BLAS", "threads", …
  std::string text;    ///< What is in force.
  std::string remedy;  ///< How to mend it; "" when all is well.
};

/// Reads the facts and says what is slow or wrong and how to mend it.
std::vector<DoctorFinding> doctor();

}  // namespace physprobe

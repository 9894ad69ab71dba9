#pragma once
// Why a sample scores as it does: one stated cause with its evidence, from fixed rules over the
// masks, brightness and whole-picture motion of a view. The rules and their accuracy on edited
// clips stand in docs/physics_iq.md.

#include "physprobe/eval/physics_iq/scores.h"
#include "physprobe/eval/physics_iq/view_record.h"

#include <string>

namespace physprobe {

struct Diagnosis {
  std::string cause;     ///< "as reality", "nothing moved", "cut", …: one of diagnosis_causes().
  std::string evidence;  ///< A sentence with the numbers.
  double onset_delay_seconds = 0.0;  ///< Generated minus take 1; NaN where nothing moves.
  double area_ratio = 0.0;           ///< Generated moving area over that of take 1; NaN if 0.
};

/// In the order in which they are looked for.
const std::vector<std::string>& diagnosis_causes();

Diagnosis diagnose(const TruthRecord& truth,
                   const GeneratedRecord& generated,
                   const SampleScore& score);

}  // namespace physprobe

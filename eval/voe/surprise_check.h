#pragma once
// What has to hold before a model's surprise is worth anything: for `doctor surprise`.

#include "physprobe/eval/host_facts.h"
#include "physprobe/eval/suite.h"
#include "physprobe/eval/voe/surprise_jobs.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// Of the first job's model, on windows of noise: whether every number of it was loaded; whether
/// its mask token was ever trained; whether tokens divide into steps; that predictions depend on
/// the context and on nothing behind it, although the tokens of a whole window do; that they differ
/// over the window; same bits twice and in a batch. Findings of kProblem are failures. Throws what
/// the predictor throws.
std::vector<DoctorFinding> check_surprise_model(const SurpriseJob& job);

/// Of a data set, without running the model: windows of every video, frame rates and lengths inside
/// pairs, labels and pairing, members of the same bytes (ties whatever the model).
std::vector<DoctorFinding> check_surprise_dataset(const Suite& suite, const SurpriseJob& job);

}  // namespace physprobe

#pragma once
// `validate mvp`: do the published MVP results fit the benchmark's sizes?

#include "physprobe/cli/command.h"

namespace physprobe {

void add_validate_mvp(CLI::App& validate, Invocation& invocation);

}  // namespace physprobe

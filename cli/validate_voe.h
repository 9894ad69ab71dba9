#pragma once
// `validate <data set> FOLDER` for published data sets of violation of expectation.

#include "physprobe/cli/command.h"

namespace physprobe {

/// One subcommand for every layout of `published_layouts()`.
void add_validate_voe(CLI::App& validate, Invocation& invocation);

}  // namespace physprobe

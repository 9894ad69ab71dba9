#pragma once
// The subcommands of `probe` that have a file of their own.

#include "physprobe/cli/command.h"

namespace physprobe {

void add_probe_surprise(CLI::App& parent, Invocation& invocation);

}  // namespace physprobe

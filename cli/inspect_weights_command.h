#pragma once
// `physprobe inspect weights`, a subcommand of `inspect`.

#include "physprobe/cli/command.h"

namespace physprobe {

void add_inspect_weights_command(CLI::App& inspect, Invocation& invocation);

}  // namespace physprobe

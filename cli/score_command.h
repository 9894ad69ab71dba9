#pragma once
// `physprobe score` is a family: one subcommand a protocol, one file each.

#include "physprobe/cli/command.h"

namespace physprobe {

void add_score_physics_iq(CLI::App& score, Invocation& invocation);

}  // namespace physprobe

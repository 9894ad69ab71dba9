#pragma once
// `physprobe score` is a family: one subcommand a protocol, one file each.

#include "physprobe/cli/command.h"

namespace physprobe {

/// The command whose subcommands these are.
CLI::App& add_score_family(CLI::App& app);

void add_score_mvp(CLI::App& score, Invocation& invocation);
/// pairs, intphys2, winoground, vinoground, naturalbench, error-consistency.
void add_score_pairs(CLI::App& score, Invocation& invocation);
void add_score_inflevel(CLI::App& score, Invocation& invocation);
void add_score_physics_iq(CLI::App& score, Invocation& invocation);

}  // namespace physprobe

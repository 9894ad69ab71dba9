#pragma once
// `physprobe inspect weights`, a subcommand of `inspect`.

#include "physprobe/cli/command.h"
#include "physprobe/encoders/weights_report.h"

namespace physprobe {

/// Prints what a weights file holds, as text or as one JSON document.
void print_weights(const std::string& path,
                   const WeightsQuestion& question,
                   bool wants_json,
                   std::ostream& out);

void add_inspect_weights_command(CLI::App& inspect, Invocation& invocation);

}  // namespace physprobe

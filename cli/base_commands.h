#pragma once
// The commands that need no LibTorch.

#include "physprobe/cli/application.h"

#include <string>
#include <vector>

namespace physprobe {

/// version and score physics-iq, described as in the whole command line.
const std::vector<AddCommand>& base_commands();

/// Whether `arguments` name one of them.
bool is_base_command(const std::vector<std::string>& arguments);

}  // namespace physprobe

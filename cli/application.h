#pragma once
// A command line made of a list of commands: parsing, help, exit codes. The whole program and the
// part of it that does without LibTorch differ in that list only.

#include "physprobe/cli/command.h"

#include <ostream>
#include <string>
#include <vector>

namespace physprobe {

using AddCommand = void (*)(CLI::App&, Invocation&);

/// Runs "physprobe ARGUMENTS…" with these commands. Returns the exit code; never throws.
int run_application(const std::vector<AddCommand>& commands,
                    const std::vector<std::string>& arguments,
                    std::ostream& out,
                    std::ostream& err);

/// Every subcommand of these commands in the order of the help text, nested ones after their
/// parent.
std::vector<std::string> subcommand_names(const std::vector<AddCommand>& commands);

/// `physprobe -q run …` as `physprobe run … -q`: flags that hold everywhere may stand first.
std::vector<std::string> with_leading_flags_last(const std::vector<std::string>& arguments);

/// What a process does with the memory that it frees.
struct MemoryHabits {
  int own_mapping_bytes;  ///< Blocks of at least this size go back to the system at once.
  int kept_bytes;         ///< Of smaller ones so much is kept for the next.
};

/// Few large blocks, such as weights and batches of frames: nothing is kept.
inline constexpr MemoryHabits kLargeBlocks{1 << 20, 128 << 10};
/// One clip after another, with the same buffers each time: what a clip of 1024x576 used is kept
/// for the next one. New pages for each cost 2 % of scoring them; what a clip of 3840x2160 uses
/// goes back.
inline constexpr MemoryHabits kClipAfterClip{8 << 20, 24 << 20};

/// What a process of ours sets up before its command line runs: signals and memory.
void prepare_process(const MemoryHabits& memory);

}  // namespace physprobe

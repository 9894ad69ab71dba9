#pragma once
// Programs run as children: this one again, and those it is compared with.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Path of the program that a user starts, which may have handed over to the running one.
std::string this_program();

/// Runs words[0] (searched in PATH when it has no slash) with nothing on stdin and its output
/// discarded; returns the exit status, -1 if it cannot be run or is killed. `peak_bytes`, if given,
/// receives the child's peak memory.
int run_quietly(std::vector<std::string> words, int64_t* peak_bytes = nullptr);

/// Peak memory in MB that a command of this program wrote into the log of its output folder. Throws
/// Error(kInput) if it did not.
double logged_peak_mb(const std::string& out);

}  // namespace physprobe

#pragma once
// The program that holds the commands which need LibTorch.

namespace physprobe {

/// Replaces this process by physprobe-models with the same arguments; it stands beside this program
/// or, installed, in libexec. Returns only if that fails: says so on standard error and gives the
/// exit code.
int become_models_program(char** argv);

}  // namespace physprobe

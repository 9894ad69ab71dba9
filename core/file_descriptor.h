#pragma once
// System calls on writable descriptors with the retries that POSIX leaves to the caller
// (interrupted calls, short writes). Internal to core.

#include <cstddef>
#include <string>
#include <sys/types.h>

namespace physprobe {

/// Throws Error(kResource) "cannot <action>: <reason of errno>", and what to do where that is
/// known.
[[noreturn]] void throw_system_error(const std::string& path, const std::string& action);

/// open(2) with O_CLOEXEC, repeated when interrupted. Throws Error(kResource).
/// `subject` is the name that errors give it: the file the user knows, not its temporary twin.
int open_for_writing(const std::string& path, const std::string& subject, int flags);

/// Writes everything. Throws Error(kResource).
void write_fully(int descriptor, const std::string& path, const char* data, std::size_t size_bytes);

/// fsync(2). Throws Error(kResource).
void fsync_descriptor(int descriptor, const std::string& path);

}  // namespace physprobe

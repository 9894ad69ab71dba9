#pragma once
// The checkout's own folder: compiled into one small library, so that no other object depends on
// where the checkout lies and a compiler cache serves every clone.

#include <string>

namespace physprobe::testing {

/// Absolute path of the checkout, without a trailing slash.
const std::string& source_dir();

}  // namespace physprobe::testing

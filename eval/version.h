#pragma once
// The version of physprobe.

namespace physprobe {

/// "MAJOR.MINOR.PATCH".
const char* version();

}  // namespace physprobe

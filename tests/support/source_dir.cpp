#include "support/source_dir.h"

namespace physprobe::testing {

const std::string& source_dir() {
  static const std::string path = PHYSPROBE_SOURCE_DIR;
  return path;
}

}  // namespace physprobe::testing

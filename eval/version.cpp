#include "physprobe/eval/version.h"

namespace physprobe {

const char* version() {
  return PHYSPROBE_VERSION;
}

}  // namespace physprobe

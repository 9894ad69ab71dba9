// One libFuzzer program per target: PHYSPROBE_FUZZ_TARGET names the function.

#include "fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  physprobe::fuzz::PHYSPROBE_FUZZ_TARGET(data, size);
  return 0;
}

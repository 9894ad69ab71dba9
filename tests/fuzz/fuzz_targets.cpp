#include "fuzz/fuzz_targets.h"

#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/pickle.h"
#include "physprobe/core/safetensors_header.h"
#include "physprobe/core/torch_tensors.h"
#include "physprobe/core/zip_archive.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "core/memory_file.h"

namespace physprobe::fuzz {

void safetensors_header(const uint8_t* data, std::size_t size) {
  // The first two bytes choose how much data is claimed to follow.
  if (size < 2) return;
  const auto claimed = static_cast<uint64_t>(data[0] | (data[1] << 8));
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  try {
    parse_safetensors_header("fuzz", text, claimed);
  } catch (const Error&) {
  }
}

void pickle(const uint8_t* data, std::size_t size) {
  std::size_t used = 0;
  const ByteSource source = [&](char* out, std::size_t count) {
    const std::size_t taken = std::min(count, size - used);
    if (taken > 0) std::memcpy(out, data + used, taken);
    used += taken;
    return taken;
  };
  try {
    const PickleTree tree = read_pickle("fuzz", source);
    read_torch_contents("fuzz", tree);
  } catch (const Error&) {
  }
}

void zip_directory(const uint8_t* data, std::size_t size) {
  static testing::MemoryFile memory;
  const std::string path = memory.with(std::string(reinterpret_cast<const char*>(data), size));
  constexpr uint64_t kMostBytes = uint64_t{1} << 20;  // deflate may blow up a thousandfold
  try {
    const InputFile file(path);
    for (const ZipMember& member : read_zip_directory(file)) {
      try {
        ZipMemberReader reader(file, member, member.name);
        if (member.size <= kMostBytes) reader.finish();
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
}

}  // namespace physprobe::fuzz

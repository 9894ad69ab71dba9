// The corpora of the fuzzing targets, among them every input that once failed, through the same
// functions.

#include "physprobe/core/atomic_file.h"

#include "support/source_dir.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fuzz/fuzz_targets.h"

namespace physprobe {
namespace {

namespace fs = std::filesystem;
using Target = void (*)(const uint8_t*, std::size_t);

void replay(const std::string& name, Target target) {
  int files = 0;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(testing::source_dir() + "/tests/fuzz/corpus/" + name)) {
    SCOPED_TRACE(entry.path().string());
    const std::string bytes = read_file(entry.path().string());
    EXPECT_NO_THROW(target(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
    ++files;
  }
  EXPECT_GT(files, 10) << "the corpus of " << name << " is missing";
}

TEST(CorpusReplay, SafetensorsHeader) {
  replay("safetensors_header", fuzz::safetensors_header);
}

TEST(CorpusReplay, Pickle) {
  replay("pickle", fuzz::pickle);
}

TEST(CorpusReplay, ZipDirectory) {
  replay("zip_directory", fuzz::zip_directory);
}

}  // namespace
}  // namespace physprobe

// Valid files with seeded random damage: a reader may accept or refuse each, but must never crash,
// hang or throw anything other than an Error.

#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/safetensors.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string_view>

#include "core/memory_file.h"
#include "core/npy_bytes.h"
#include "core/safetensors_bytes.h"
#include "core/zip_bytes.h"

namespace physprobe {
namespace {

using testing::entry_json;
using testing::MemoryFile;
using testing::npy_bytes;
using testing::npy_dictionary;
using testing::safetensors_bytes;
using testing::zip_bytes;

constexpr int kMutations = 2000;

/// One to four changes: a byte replaced, flipped, removed or inserted, a stretch repeated, the end
/// cut off.
std::string damaged(std::string bytes, Rng& rng) {
  static constexpr std::string_view kMeaningful = "{}[]\",:'()0-9\\\n\r.eEu<>|\xff";
  for (uint64_t changes = 1 + rng.below(4); changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = rng.below(bytes.size());
    switch (rng.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(rng.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
        break;
      case 2:
        bytes.erase(at, 1 + rng.below(8));
        break;
      case 3:
        bytes.insert(at, 1, kMeaningful[rng.below(kMeaningful.size())]);
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, 1 + rng.below(40)));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

/// Both outcomes must occur, or the damage was too small or too large to test anything.
void expect_success_or_error(const std::string& valid,
                             uint64_t seed,
                             const std::function<void(const std::string&)>& read) {
  Rng rng(seed);
  int accepted = 0, refused = 0;
  ASSERT_NO_THROW(read(valid));
  for (int i = 0; i < kMutations; ++i) {
    const std::string bytes = damaged(valid, rng);
    try {
      read(bytes);
      ++accepted;
    } catch (const Error& error) {
      ++refused;
      ASSERT_FALSE(error.message().empty()) << "mutation " << i;
    } catch (const std::exception& error) {
      FAIL() << "mutation " << i << " let a foreign exception through: " << error.what();
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, 0);
}

class MalformedInputSmoke : public ::testing::Test {
 protected:
  std::string in_file(const std::string& bytes) { return file_.with(bytes); }
  MemoryFile file_;
};

using SafetensorsFuzzSmoke = MalformedInputSmoke;

TEST_F(SafetensorsFuzzSmoke, DamagedFilesAreReadOrRefused) {
  const std::string valid =
      safetensors_bytes("{\"__metadata__\":{\"format\":\"pt\",\"é\":\"\\u00e9\"}," +
                            entry_json("blocks.0.w", "F32", "[2,3]", "[0,24]") + "," +
                            entry_json("flags", "BOOL", "[4]", "[24,28]") + "," +
                            entry_json("counts", "U64", "[1]", "[28,36]") + "," +
                            entry_json("empty", "BF16", "[0,7]", "[36,36]") + "}   ",
                        std::string(36, '\1'));
  expect_success_or_error(valid, 1,
                          [&](const std::string& bytes) { read_safetensors(in_file(bytes)); });
}

TEST_F(SafetensorsFuzzSmoke, DamagedHeadersOfTheRightLengthAreReadOrRefused) {
  const std::string header = "{" + entry_json("a", "F32", "[2,3]", "[0,24]") + "," +
                             entry_json("b", "I16", "[]", "[24,26]") + "}  ";
  expect_success_or_error(header, 2, [&](const std::string& damaged_header) {
    read_safetensors(in_file(safetensors_bytes(damaged_header, std::string(26, '\0'))));
  });
}

using NpyFuzzSmoke = MalformedInputSmoke;

TEST_F(NpyFuzzSmoke, DamagedArraysAreReadOrRefused) {
  const std::string valid =
      npy_bytes(npy_dictionary("<f4", "(2, 3)", "True"), std::string(24, '\2'));
  expect_success_or_error(valid, 3, [&](const std::string& bytes) { read_npy(in_file(bytes)); });
}

TEST_F(NpyFuzzSmoke, DamagedArchivesAreReadOrRefused) {
  const std::string array = npy_bytes(npy_dictionary("<i8", "(3,)"), std::string(24, '\3'));
  for (const bool use_64_bits : {false, true}) {
    const std::string valid =
        zip_bytes({{"a.npy", array, true}, {"b.npy", array, false}}, use_64_bits);
    expect_success_or_error(valid, 4, [&](const std::string& bytes) {
      const std::string path = in_file(bytes);
      NpzArchive archive(path);
      for (const std::string& name : archive.names()) {
        archive.read(name);
        archive.read_rows(name, 1, 2);
      }
    });
  }
}

TEST(CsvFuzzSmoke, DamagedTablesAreReadOrRefused) {
  const std::string valid =
      "\xEF\xBB\xBFid,path,note\r\na,\"a,b.mp4\",\"say "
      "\"\"hi\"\"\"\r\n\r\nb,b.mp4,\"two\nlines\"\nc,,\n";
  expect_success_or_error(valid, 5, [](const std::string& bytes) {
    for (const CsvRow& row : parse_csv(bytes, "damaged.csv")) ASSERT_FALSE(row.fields.empty());
  });
}

}  // namespace
}  // namespace physprobe

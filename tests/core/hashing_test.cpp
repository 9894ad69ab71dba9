#include "physprobe/core/hashing.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <sys/stat.h>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::TempDir;
using testing::throws_error;

// FIPS 180-4 examples (NIST, SHA-256 test vectors).
constexpr const char* kDigestOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kDigestOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kDigestOfMillionAs =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Hashing, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), kDigestOfNothing);
  EXPECT_EQ(sha256_hex("abc"), kDigestOfAbc);
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')), kDigestOfMillionAs);
}

TEST(Hashing, PiecesGiveTheDigestOfTheWhole) {
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.update(std::string(1000, 'a'));
  EXPECT_EQ(hash.hex(), kDigestOfMillionAs);
}

TEST(Hashing, FileLargerThanOneBlock) {
  const TempDir dir;
  const std::string content(3'000'001, 'x');
  write_file_atomic(dir / "big", content);
  EXPECT_EQ(sha256_file(dir / "big"), sha256_hex(content));
}

TEST(Hashing, UnreadableFilesAreInputErrors) {
  const TempDir dir;
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "does not exist", [&] { sha256_file(dir / "missing"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "directory", [&] { sha256_file(dir.path()); }));
}

TEST(Hashing, NamedPipeIsRefusedWithoutWaiting) {
  const TempDir dir;
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "not a regular file", [&] { sha256_file(dir / "pipe"); }));
}

TEST(Hashing, AFinishedObjectRefusesMore) {
  Sha256 hash;
  hash.hex();
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "after hex", [&] { hash.update("x"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "twice", [&] { hash.hex(); }));
}

}  // namespace
}  // namespace physprobe

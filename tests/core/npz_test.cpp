#include "physprobe/core/atomic_file.h"
#include "physprobe/core/npy.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include "core/expect_error.h"
#include "core/memory_file.h"
#include "core/npy_bytes.h"
#include "core/zip_bytes.h"

namespace physprobe {
namespace {

using ::testing::ElementsAre;
using testing::MemoryFile;
using testing::npy_bytes;
using testing::npy_dictionary;
using testing::throws_error;
using testing::zip_bytes;
using testing::ZipMember;

class Npz : public ::testing::Test {
 protected:
  void write(const std::string& bytes) { path_ = file_.with(bytes); }
  ::testing::AssertionResult refused(const std::string& bytes, const std::string& part) {
    write(bytes);
    return throws_error(ErrorKind::kInput, part, [&] { NpzArchive(path_).read("x"); });
  }
  /// A directory record's field of the single member "x.npy" changed.
  std::string with_directory_field(ZipMember member, std::size_t offset, const std::string& value) {
    std::string bytes = zip_bytes({std::move(member)});
    const std::size_t record = bytes.rfind("PK\1\2");
    return bytes.replace(record + offset, value.size(), value);
  }
  const std::string array_ = npy_bytes(npy_dictionary("|u1", "(2, 2)"), std::string("\1\2\3\4", 4));
  const ZipMember stored_{"x.npy", array_, false};
  const ZipMember deflated_{"x.npy", array_, true};
  MemoryFile file_;
  std::string path_;
};

TEST_F(Npz, StoredAndDeflatedMembers) {
  write(
      zip_bytes({{"b.npy", array_, true}, {"readme.txt", "hi", false}, {"a.npy", array_, false}}));
  EXPECT_THAT(NpzArchive(path_).names(), ElementsAre("b", "a"));
  const at::Tensor expected = at::arange(1, 5, at::kByte).view({2, 2});
  EXPECT_TRUE(NpzArchive(path_).read("a").equal(expected));
  EXPECT_TRUE(NpzArchive(path_).read("b").equal(expected));
}

TEST_F(Npz, LargeDeflatedMember) {
  const std::string zeros(8'000'000, '\0');
  write(zip_bytes({{"x.npy", npy_bytes(npy_dictionary("<f8", "(1000, 1000)"), zeros), true}}));
  EXPECT_TRUE(NpzArchive(path_).read("x").equal(at::zeros({1000, 1000}, at::kDouble)));
}

TEST_F(Npz, HeadersAndRowsOfEveryMethodAndOrder) {
  std::string numbers;
  for (int i = 0; i < 600; ++i) numbers += static_cast<char>(i % 251);
  const std::string c_order = npy_bytes(npy_dictionary("|u1", "(100, 3, 2)"), numbers);
  const std::string fortran = npy_bytes(npy_dictionary("|u1", "(100, 3, 2)", "True"), numbers);
  for (const bool is_deflated : {false, true}) {
    write(zip_bytes({{"c.npy", c_order, is_deflated}, {"f.npy", fortran, is_deflated}}));
    NpzArchive archive(path_);
    for (const char* name : {"c", "f"}) {
      EXPECT_EQ(archive.header(name).shape, (std::vector<int64_t>{100, 3, 2}));
      const at::Tensor whole = archive.read(name);
      // Forward, with a gap, back again, and nothing.
      for (const auto& [begin, end] :
           {std::pair<int64_t, int64_t>{0, 30}, {30, 31}, {60, 100}, {10, 20}, {100, 100}}) {
        EXPECT_TRUE(archive.read_rows(name, begin, end).equal(whole.slice(0, begin, end)))
            << name << begin;
      }
      EXPECT_TRUE(throws_error(ErrorKind::kInput, "has 100 rows, asked for [99, 101)",
                               [&] { archive.read_rows(name, 99, 101); }));
    }
  }
}

TEST_F(Npz, RowsOfADamagedMemberAreRefusedFromTheFirstOn) {
  std::string bytes = zip_bytes({stored_});
  bytes[bytes.find("\1\2\3\4") + 3] = 9;  // in the last row
  write(bytes);
  NpzArchive archive(path_);
  EXPECT_EQ(archive.header("x").shape.size(), 2U);
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "checksum does not match",
                           [&] { archive.read_rows("x", 0, 1); }));
}

TEST_F(Npz, TextsOfAMember) {
  write(zip_bytes({{"x.npy", npy_bytes(npy_dictionary("|S2", "(2,)"), "abcd"), true}}));
  EXPECT_THAT(NpzArchive(path_).read_texts("x"), ElementsAre("ab", "cd"));
}

TEST_F(Npz, ArchiveWithACommentAndEmptyArchive) {
  std::string bytes = zip_bytes({stored_});
  bytes[bytes.size() - 2] = 5;
  write(bytes + "hello");
  EXPECT_THAT(NpzArchive(path_).names(), ElementsAre("x"));
  write(zip_bytes({}));
  EXPECT_TRUE(NpzArchive(path_).names().empty());
}

TEST_F(Npz, SixtyFourBitRecords) {
  write(zip_bytes({stored_, {"y.npy", array_, true}}, true));
  EXPECT_THAT(NpzArchive(path_).names(), ElementsAre("x", "y"));
  EXPECT_EQ(NpzArchive(path_).read("y")[1][1].item<int>(), 4);
}

TEST_F(Npz, UnknownMemberNamesTheKnownOnes) {
  EXPECT_TRUE(refused(zip_bytes({{"a.npy", array_, false}, {"b.npy", array_, false}}),
                      "has no array 'x'; it holds: a, b"));
  EXPECT_TRUE(refused(zip_bytes({}), "it holds: nothing"));
}

TEST_F(Npz, RefusesWhatIsNoArchive) {
  EXPECT_TRUE(refused("", "directory at its end is missing"));
  EXPECT_TRUE(refused("PK\3\4 but nothing more than this text", "directory at its end is missing"));
  EXPECT_TRUE(refused(zip_bytes({stored_}) + "trailing", "directory at its end is missing"));
}

TEST_F(Npz, RefusesEveryTruncation) {
  const std::string bytes = zip_bytes({deflated_});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_TRUE(refused(bytes.substr(0, length), "")) << length;
  }
}

TEST_F(Npz, RefusesDamagedContent) {
  std::string bytes = zip_bytes({stored_});
  bytes[bytes.find("\1\2\3\4")] = 9;
  EXPECT_TRUE(refused(bytes, "checksum does not match"));
  bytes = zip_bytes({deflated_});
  bytes[30 + 5] = '\xff';  // the first byte of the compressed data
  EXPECT_TRUE(refused(bytes, "compressed data are damaged"));
}

TEST_F(Npz, RefusesDoubledNames) {
  EXPECT_TRUE(refused(zip_bytes({stored_, deflated_}), "'x.npy' occurs twice"));
}

TEST_F(Npz, RefusesEncryptionAndOtherMethods) {
  EXPECT_TRUE(refused(with_directory_field(stored_, 8, "\1"), "is encrypted"));
  EXPECT_TRUE(refused(with_directory_field(stored_, 10, "\x0e"), "ZIP method 14"));
}

TEST_F(Npz, RefusesSizesThatCannotBe) {
  EXPECT_TRUE(
      refused(with_directory_field(stored_, 24, "\xff\xff\xff\x7f"), "which is impossible"));
  EXPECT_TRUE(
      refused(with_directory_field(deflated_, 24, "\xff\xff\xff\x7f"), "which is impossible"));
  EXPECT_TRUE(
      refused(with_directory_field(deflated_, 24, std::string("\1\0\0\0", 4)), "is no .npy array"));
  EXPECT_TRUE(
      refused(with_directory_field(stored_, 20, "\xff\xff\xff\x7f"), "lies outside the archive"));
  EXPECT_TRUE(
      refused(with_directory_field(stored_, 42, "\xff\xff\xff\x7f"), "lies outside the archive"));
  EXPECT_TRUE(refused(with_directory_field(stored_, 42, "\1"), "lies outside the archive"));
  EXPECT_TRUE(refused(with_directory_field(stored_, 24, "\xff\xff\xff\xff"), ""));
}

TEST_F(Npz, RefusesBadDirectories) {
  std::string bytes = zip_bytes({stored_});
  const std::size_t end = bytes.rfind("PK\5\6");
  std::string changed = bytes;
  changed[end + 10] = 9;  // number of entries
  EXPECT_TRUE(refused(changed, "directory lies outside the file"));
  changed = bytes;
  changed[end + 17] = 0x7f;  // offset of the directory
  EXPECT_TRUE(refused(changed, "directory lies outside the file"));
  changed = bytes;
  changed[end + 16] = 0;  // points at the first member
  EXPECT_TRUE(refused(changed, "of its directory is malformed"));
  EXPECT_TRUE(refused(with_directory_field(stored_, 28, "\xff\xff"), "is cut off"));
}

TEST_F(Npz, RefusesAMemberThatIsNoArray) {
  EXPECT_TRUE(refused(zip_bytes({{"x.npy", "text", false}}), "[x]: is no .npy array"));
}

}  // namespace
}  // namespace physprobe

#include "physprobe/core/npy.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include "core/expect_error.h"
#include "core/npy_bytes.h"

namespace physprobe {
namespace {

using testing::npy_bytes;
using testing::npy_dictionary;
using testing::TempDir;
using testing::throws_error;

class Npy : public ::testing::Test {
 protected:
  at::Tensor read(const std::string& bytes) {
    write_file_atomic(path_, bytes);
    return read_npy(path_);
  }
  ::testing::AssertionResult refused(const std::string& bytes, const std::string& part) {
    write_file_atomic(path_, bytes);
    return throws_error(ErrorKind::kInput, part, [&] { read_npy(path_); });
  }
  TempDir dir_;
  std::string path_ = dir_ / "a.npy";
};

TEST_F(Npy, RoundTrip) {
  for (const at::Tensor& tensor :
       {at::arange(6, at::kFloat).view({2, 3}), at::arange(5, at::kDouble).div(3.0),
        at::arange(-4, 4, at::kLong).view({2, 2, 2}), at::arange(4, at::kByte),
        at::scalar_tensor(1.5, at::kDouble), at::empty({0, 3}),
        at::arange(6, at::kFloat).view({2, 3}).t()}) {
    write_npy(path_, tensor);
    EXPECT_TRUE(read_npy(path_).equal(tensor));
    EXPECT_EQ(read_npy(path_).scalar_type(), tensor.scalar_type());
  }
}

// The exact bytes of numpy.save for these arrays (NumPy 1.24).
TEST_F(Npy, WritesWhatNumpyWrites) {
  write_npy(path_, at::arange(2, at::kFloat));
  std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  dictionary.resize(117, ' ');
  EXPECT_EQ(read_file(path_), npy_bytes(dictionary + "\n", std::string("\0\0\0\0\0\0\x80\x3f", 8)));
  write_npy(path_, at::zeros({2, 3}, at::kByte));
  dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
  dictionary.resize(117, ' ');
  EXPECT_EQ(read_file(path_), npy_bytes(dictionary + "\n", std::string(6, '\0')));
  write_npy(path_, at::scalar_tensor(0.0, at::kDouble));
  dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (), }";
  dictionary.resize(117, ' ');
  EXPECT_EQ(read_file(path_), npy_bytes(dictionary + "\n", std::string(8, '\0')));
}

TEST_F(Npy, VersionsTwoAndThree) {
  for (const int version : {2, 3}) {
    EXPECT_EQ(read(npy_bytes(npy_dictionary("|u1", "(2,)"), "ab", version))[1].item<int>(), 'b');
  }
}

TEST_F(Npy, FortranOrderIsTransposed) {
  const at::Tensor tensor =
      read(npy_bytes(npy_dictionary("|u1", "(2, 3)", "True"), std::string("\0\3\1\4\2\5", 6)));
  EXPECT_TRUE(tensor.equal(at::arange(6, at::kByte).view({2, 3})));
  EXPECT_TRUE(tensor.is_contiguous());
}

TEST_F(Npy, BigEndianIsConverted) {
  EXPECT_EQ(read(npy_bytes(npy_dictionary(">f4", "(1,)"), std::string("\x3f\x80\0\0", 4)))[0]
                .item<float>(),
            1.0f);
  EXPECT_EQ(
      read(npy_bytes(npy_dictionary(">i2", "(2,)"), std::string("\1\2\xff\xfe", 4)))[0].item<int>(),
      0x0102);
}

TEST_F(Npy, EveryElementType) {
  const std::string eight("\1\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("|b1", "(2,)"), std::string("\0\1", 2))).scalar_type(),
            at::kBool);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("|i1", "()"), "\xff")).item<int>(), -1);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("<u2", "()"), "\xff\xff")).item<int>(), 65535);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("<u4", "()"), "\xff\xff\xff\xff")).item<int64_t>(),
            4294967295LL);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("<u8", "()"), eight)).item<int64_t>(), 1);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("<i4", "(2,)"), eight))[0].item<int>(), 1);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("<i8", "(1,)"), eight))[0].item<int64_t>(), 1);
  EXPECT_EQ(read(npy_bytes(npy_dictionary("<f2", "()"), std::string("\0\x3c", 2))).item<float>(),
            1.0f);
}

TEST_F(Npy, RowsAreThoseOfTheWhole) {
  const at::Tensor tensor = at::arange(20, at::kFloat).view({5, 2, 2});
  write_npy(path_, tensor);
  EXPECT_TRUE(read_npy_rows(path_, 1, 3).equal(tensor.slice(0, 1, 3)));
  EXPECT_EQ(read_npy_rows(path_, 5, 5).size(0), 0);
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "has 5 rows, asked for [4, 6)",
                           [&] { read_npy_rows(path_, 4, 6); }));
}

TEST_F(Npy, RowsInFortranOrderAreThoseOfTheWhole) {
  std::string elements;
  for (int i = 0; i < 24; ++i) elements += std::string(1, static_cast<char>(i)) + '\x7f';
  write_file_atomic(path_, npy_bytes(npy_dictionary(">u2", "(4, 3, 2)", "True"), elements));
  const at::Tensor whole = read_npy(path_);
  EXPECT_EQ(whole[1][0][0].item<int>(), 0x017f);  // the first dimension runs fastest
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 1}, {1, 3}, {0, 4}, {2, 2}}) {
    EXPECT_TRUE(read_npy_rows(path_, begin, end).equal(whole.slice(0, begin, end))) << begin;
  }
}

TEST_F(Npy, TextsAreUtf8WithoutTheirPadding) {
  // As numpy.save writes ['ab', '\u00e9\U0001f600', ''] ("<U2") and its big-endian twin.
  const std::string little("a\0\0\0b\0\0\0\xe9\0\0\0\0\xf6\1\0\0\0\0\0\0\0\0\0", 24);
  const std::vector<std::string> expected = {"ab", "\xC3\xA9\xF0\x9F\x98\x80", ""};
  write_file_atomic(path_, npy_bytes(npy_dictionary("<U2", "(3,)"), little));
  EXPECT_EQ(read_npy_texts(path_), expected);
  std::string big = little;
  for (std::size_t i = 0; i < big.size(); i += 4) std::reverse(&big[i], &big[i] + 4);
  write_file_atomic(path_, npy_bytes(npy_dictionary(">U2", "(3,)"), big));
  EXPECT_EQ(read_npy_texts(path_), expected);
  write_file_atomic(path_, npy_bytes(npy_dictionary("|S3", "(2,)"), std::string("abcd\0\0", 6)));
  EXPECT_EQ(read_npy_texts(path_), (std::vector<std::string>{"abc", "d"}));
}

TEST_F(Npy, RefusesTextsThatAreNone) {
  const auto texts_refused = [&](const std::string& bytes, const char* part) {
    write_file_atomic(path_, bytes);
    return throws_error(ErrorKind::kInput, part, [&] { read_npy_texts(path_); });
  };
  EXPECT_TRUE(texts_refused(npy_bytes(npy_dictionary("<f4", "(1,)"), "1234"),
                            "expected one dimension of text"));
  EXPECT_TRUE(texts_refused(npy_bytes(npy_dictionary("<U1", "(1, 1)"), "1234"),
                            "expected one dimension of text"));
  EXPECT_TRUE(texts_refused(npy_bytes(npy_dictionary("<U1", "(1,)"), "1234"),
                            "text 0 holds a value that is no Unicode character"));
  EXPECT_TRUE(texts_refused(npy_bytes(npy_dictionary("<U2", "(1,)"), "1234"),
                            "has 4 bytes of elements, expected 8"));
  EXPECT_TRUE(texts_refused(npy_bytes(npy_dictionary("<U99999999", "(1,)"), "1234"), "has dtype"));
}

TEST_F(Npy, HeaderTellsTypeShapeAndOffset) {
  write_file_atomic(path_, npy_bytes("{\"shape\":(3,1),\"descr\":\"<f4\",\"fortran_order\":True}",
                                     std::string(12, '\0')));
  const NpyHeader header = read_npy_header(path_);
  EXPECT_EQ(header.descr, "<f4");
  EXPECT_TRUE(header.fortran_order);
  EXPECT_EQ(header.shape, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(header.data_offset, 10u + 50u);
}

TEST_F(Npy, RefusesWhatIsNoArray) {
  EXPECT_TRUE(refused("", "is no .npy array"));
  EXPECT_TRUE(refused("\x93NUM", "is no .npy array"));
  EXPECT_TRUE(refused("PK\3\4 something else", "is no .npy array"));
}

TEST_F(Npy, RefusesUnknownVersion) {
  EXPECT_TRUE(refused(npy_bytes("{}", "", 4), "format version 4"));
}

TEST_F(Npy, RefusesHeaderBeyondTheEnd) {
  EXPECT_TRUE(refused(npy_bytes("{}", "").substr(0, 11), "claims a header of 2 bytes"));
  EXPECT_TRUE(refused(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12),
                      "claims a header of 4294967295 bytes"));
  EXPECT_TRUE(refused(std::string("\x93NUMPY\2\0\1\0", 10), "claims a header"));
}

TEST_F(Npy, RefusesPythonObjects) {
  EXPECT_TRUE(refused(npy_bytes(npy_dictionary("|O", "(1,)"), "pickle"), "Python objects"));
}

TEST_F(Npy, RefusesRecordsTextAndComplexNumbers) {
  EXPECT_TRUE(
      refused(npy_bytes("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234"),
              "records"));
  for (const char* descr : {"<U1", "|S4", "<c8", "<f16", "<M8[ns]", "f4", "", "<", "<i3"}) {
    EXPECT_TRUE(refused(npy_bytes(npy_dictionary(descr, "(1,)"), "1234"), "has dtype '")) << descr;
  }
  EXPECT_TRUE(refused(npy_bytes(npy_dictionary("|V2", "(2,)"), "1234"), "bfloat16"));
}

TEST_F(Npy, RefusesTruncatedAndLongerFiles) {
  EXPECT_TRUE(refused(npy_bytes(npy_dictionary("<f4", "(2,)"), "1234567"),
                      "has 7 bytes of elements, expected 8"));
  EXPECT_TRUE(refused(npy_bytes(npy_dictionary("<f4", "(2,)"), "123456789"),
                      "has 9 bytes of elements, expected 8"));
}

TEST_F(Npy, RefusesOverflowingShapes) {
  EXPECT_TRUE(refused(npy_bytes(npy_dictionary("<f4", "(4294967296, 4294967296)"), ""),
                      "does not fit 63 bits"));
  EXPECT_TRUE(
      refused(npy_bytes(npy_dictionary("<f4", "(99999999999999999999,)"), ""), "whole number"));
  EXPECT_TRUE(refused(npy_bytes(npy_dictionary("<f4", "(-1,)"), ""), "whole number"));
  std::string many = "(";
  for (int i = 0; i < 33; ++i) many += "1,";
  EXPECT_TRUE(
      refused(npy_bytes(npy_dictionary("<f4", many + ")"), "1234"), "more than 32 dimensions"));
}

TEST_F(Npy, RefusesMalformedDictionaries) {
  for (const char* bad : {"", "{", "}", "{'descr'}", "{'descr': '<f4'}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
                          "{'descr': '<f4', 'fortran_order': false, 'shape': (1,)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
                          "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
                          "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}"}) {
    EXPECT_TRUE(refused(npy_bytes(bad, "1234"), "malformed .npy header")) << bad;
  }
}

TEST_F(Npy, WriterRefusesOtherTypes) {
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "cannot write Half",
                           [&] { write_npy(path_, at::zeros({1}, at::kHalf)); }));
}

}  // namespace
}  // namespace physprobe

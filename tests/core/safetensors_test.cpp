#include "physprobe/core/safetensors.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <filesystem>
#include <unistd.h>

#include "core/expect_error.h"
#include "core/safetensors_bytes.h"

namespace physprobe {
namespace {

using testing::entry_json;
using testing::safetensors_bytes;
using testing::TempDir;
using testing::throws_error;

std::string write_one(const TempDir& dir,
                      const std::string& dtype,
                      const std::string& shape,
                      const std::string& data) {
  const std::string path = dir / "one.safetensors";
  const std::string offsets = "[0," + std::to_string(data.size()) + "]";
  write_file_atomic(path,
                    safetensors_bytes("{" + entry_json("x", dtype, shape, offsets) + "}", data));
  return path;
}

TEST(Safetensors, EveryTypeRoundTripsBitForBit) {
  const TempDir dir;
  std::map<std::string, at::Tensor> tensors;
  const at::Tensor values = at::arange(-6, 6, at::kDouble).view({3, 4}).div(3.0);
  for (const at::ScalarType type : {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong,
                                    at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    tensors[c10::toString(type)] = (type == at::kByte ? values.abs() : values).to(type);
  }
  tensors["bool"] = values.gt(0);
  tensors["scalar"] = at::scalar_tensor(2.5, at::kDouble);
  tensors["empty"] = at::empty({0, 3});
  tensors["transposed"] = values.t();  // not contiguous
  write_safetensors(dir / "a.safetensors", tensors, {{"note", "é \"quoted\""}});
  const auto again = read_safetensors(dir / "a.safetensors");
  ASSERT_EQ(again.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(again.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(again.at(name).equal(tensor)) << name;
  }
  const SafetensorsFile file = SafetensorsFile::open(dir / "a.safetensors");
  EXPECT_EQ(file.metadata().at("note"), "é \"quoted\"");
  EXPECT_EQ(file.path(), dir / "a.safetensors");
  EXPECT_TRUE(file.contains("bool"));
  EXPECT_FALSE(file.contains("boo"));
}

// The header of another writer (the Python package, 0.4): the data of F32 [[1, 2]] little-endian.
TEST(Safetensors, ReadsTheReferenceLayout) {
  const TempDir dir;
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  write_file_atomic(dir / "a", safetensors_bytes(header, std::string("\0\0\x80\x3f\0\0\0\x40", 8)));
  const at::Tensor w = read_safetensors(dir / "a").at("w");
  EXPECT_EQ(w[0][0].item<float>(), 1.0f);
  EXPECT_EQ(w[0][1].item<float>(), 2.0f);
}

TEST(Safetensors, WritesSortedAlignedAndTheSameBytesEachTime) {
  const TempDir dir;
  const std::map<std::string, at::Tensor> tensors = {{"b", at::ones({2})},
                                                     {"a", at::zeros({3}, at::kByte)}};
  write_safetensors(dir / "1", tensors);
  write_safetensors(dir / "2", tensors);
  const std::string bytes = read_file(dir / "1");
  EXPECT_EQ(bytes, read_file(dir / "2"));
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0u);
  const std::string expected = "{" + entry_json("a", "U8", "[3]", "[0,3]") + "," +
                               entry_json("b", "F32", "[2]", "[3,11]") + "}";
  EXPECT_EQ(bytes.substr(8, expected.size()), expected);
}

TEST(Safetensors, EntriesAreSortedByName) {
  const TempDir dir;
  write_file_atomic(dir / "a", safetensors_bytes("{" + entry_json("z", "U8", "[1]", "[0,1]") + "," +
                                                     entry_json("a", "U8", "[1]", "[1,2]") + "}",
                                                 "xy"));
  const SafetensorsFile file = SafetensorsFile::open(dir / "a");
  ASSERT_EQ(file.entries().size(), 2u);
  EXPECT_EQ(file.entries()[0].name, "a");
  EXPECT_EQ(file.entries()[0].begin, 1u);
  EXPECT_EQ(file.entries()[1].dtype, "U8");
}

TEST(Safetensors, UnsignedTypesWidenWithoutLoss) {
  const TempDir dir;
  const at::Tensor u16 = read_safetensors(write_one(dir, "U16", "[2]", "\x01\x80\xff\xff")).at("x");
  EXPECT_EQ(u16.scalar_type(), at::kInt);
  EXPECT_EQ(u16[0].item<int>(), 0x8001);
  EXPECT_EQ(u16[1].item<int>(), 0xffff);
  const at::Tensor u32 = read_safetensors(write_one(dir, "U32", "[1]", "\xff\xff\xff\xff")).at("x");
  EXPECT_EQ(u32.scalar_type(), at::kLong);
  EXPECT_EQ(u32[0].item<int64_t>(), 4294967295LL);
  const std::string big("\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
  EXPECT_EQ(read_safetensors(write_one(dir, "U64", "[1]", big)).at("x")[0].item<int64_t>(),
            INT64_MAX);
  const std::string path = write_one(dir, "U64", "[1]", std::string(8, '\xff'));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "unsigned 64-bit values above",
                           [&] { read_safetensors(path); }));
}

TEST(Safetensors, TruthValuesOtherThanZeroAndOneAreRefused) {
  const TempDir dir;
  const std::string path = write_one(dir, "BOOL", "[3]", std::string("\0\1\2", 3));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "element 2 of a boolean tensor is 2",
                           [&] { read_safetensors(path); }));
}

TEST(Safetensors, KindsWithoutATensorTypeAreIncompatible) {
  const TempDir dir;
  for (const char* dtype : {"F8_E4M3", "F8_E5M2", "F8_E8M0"}) {
    const SafetensorsFile file = SafetensorsFile::open(write_one(dir, dtype, "[1]", "x"));
    EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, std::string("has dtype ") + dtype,
                             [&] { file.read("x"); }));
  }
  const SafetensorsFile file = SafetensorsFile::open(write_one(dir, "C64", "[1]", "12345678"));
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "C64", [&] { file.read("x"); }));
}

TEST(Safetensors, RowsAreThoseOfTheWhole) {
  const TempDir dir;
  const at::Tensor values = at::arange(60, at::kFloat).view({5, 4, 3});
  write_safetensors(dir / "a", {{"x", values},
                                {"w", at::ones({7})},
                                {"s", at::scalar_tensor(1.0)},
                                {"e", at::empty({4, 0})}});
  const SafetensorsFile file = SafetensorsFile::open(dir / "a");
  EXPECT_TRUE(file.read_rows("x", 1, 4).equal(values.slice(0, 1, 4)));
  EXPECT_TRUE(file.read_rows("x", 0, 5).equal(values));
  EXPECT_EQ(file.read_rows("x", 2, 2).sizes(), (at::IntArrayRef{0, 4, 3}));
  EXPECT_EQ(file.read_rows("e", 1, 3).sizes(), (at::IntArrayRef{2, 0}));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "'x' has 5 rows, asked for [3, 6)",
                           [&] { file.read_rows("x", 3, 6); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "asked for [-1, 2)", [&] { file.read_rows("x", -1, 2); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "asked for [3, 2)", [&] { file.read_rows("x", 3, 2); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "'s' has 0 rows", [&] { file.read_rows("s", 0, 1); }));
}

TEST(Safetensors, UnknownNameIsNamed) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"x", at::ones({1})}});
  const SafetensorsFile file = SafetensorsFile::open(dir / "a");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "has no tensor 'y' (it has 1 tensors)",
                           [&] { file.read("y"); }));
}

TEST(Safetensors, FileShortenedWhileOpenIsAnErrorNotACrash) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"x", at::ones({1 << 20})}});
  const SafetensorsFile file = SafetensorsFile::open(dir / "a");
  ASSERT_EQ(truncate((dir / "a").c_str(), 1000), 0);
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "shortened meanwhile", [&] { file.read("x"); }));
}

TEST(Safetensors, FileReplacedWhileOpenKeepsItsOldContent) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"x", at::ones({1000})}});
  const SafetensorsFile file = SafetensorsFile::open(dir / "a");
  write_safetensors(dir / "a", {{"y", at::zeros({3})}});
  EXPECT_TRUE(file.read("x").equal(at::ones({1000})));
}

TEST(Safetensors, MovedFilesStayReadable) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"x", at::ones({2})}});
  write_safetensors(dir / "b", {{"y", at::zeros({2})}});
  SafetensorsFile file = SafetensorsFile::open(dir / "a");
  file = SafetensorsFile::open(dir / "b");
  const SafetensorsFile moved = std::move(file);
  EXPECT_TRUE(moved.read("y").equal(at::zeros({2})));
}

TEST(Safetensors, WhatIsNoFileIsAnInputError) {
  const TempDir dir;
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "does not exist",
                           [&] { SafetensorsFile::open(dir / "no"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "is a directory",
                           [&] { SafetensorsFile::open(dir.path()); }));
}

TEST(Safetensors, WriterRefusesWhatTheFormatLacks) {
  const TempDir dir;
  EXPECT_TRUE(throws_error(ErrorKind::kIncompatible, "element type Complex", [&] {
    write_safetensors(dir / "a", {{"x", at::zeros({1}, at::kComplexFloat)}});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "__metadata__", [&] {
    write_safetensors(dir / "a", {{"__metadata__", at::zeros({1})}});
  }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "not valid UTF-8", [&] {
    write_safetensors(dir / "a", {{"\xff", at::zeros({1})}});
  }));
  EXPECT_FALSE(std::filesystem::exists(dir / "a"));
}

}  // namespace
}  // namespace physprobe

// The reliability contract's list of malformed headers: one test per way of being wrong.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include <ATen/core/Tensor.h>

#include <chrono>

#include "core/expect_error.h"
#include "core/memory_file.h"
#include "core/safetensors_bytes.h"

namespace physprobe {
namespace {

using testing::entry_json;
using testing::MemoryFile;
using testing::safetensors_bytes;
using testing::throws_error;

::testing::AssertionResult refused_bytes(const std::string& bytes, const std::string& part) {
  MemoryFile file;
  const std::string path = file.with(bytes);
  return throws_error(ErrorKind::kInput, part, [&] { SafetensorsFile::open(path); });
}

::testing::AssertionResult refused(const std::string& header,
                                   const std::string& data,
                                   const std::string& part) {
  return refused_bytes(safetensors_bytes(header, data), part);
}

std::map<std::string, at::Tensor> accepted(const std::string& header, const std::string& data) {
  MemoryFile file;
  const std::string path = file.with(safetensors_bytes(header, data));
  return read_safetensors(path);
}

const std::string kFourBytes(4, '\0');

TEST(SafetensorsHeader, RefusesLengthPrefixCutOff) {
  EXPECT_TRUE(refused_bytes("", "has 0 bytes, too few"));
  EXPECT_TRUE(refused_bytes(std::string(7, '\0'), "has 7 bytes, too few"));
}

TEST(SafetensorsHeader, RefusesHeaderOverTheLimit) {
  std::string bytes = safetensors_bytes("{}", "");
  const uint64_t length = 100'000'001;
  std::memcpy(bytes.data(), &length, sizeof(length));
  EXPECT_TRUE(refused_bytes(bytes, "header of 100000001 bytes, the limit is 100000000"));
  bytes.replace(0, 8, std::string(8, '\xff'));
  EXPECT_TRUE(refused_bytes(bytes, "header of 18446744073709551615 bytes"));
}

TEST(SafetensorsHeader, RefusesHeaderBeyondTheEnd) {
  std::string bytes = safetensors_bytes("{}", "");
  bytes[0] = 3;
  EXPECT_TRUE(refused_bytes(bytes, "header of 3 bytes but has only 10 bytes"));
}

TEST(SafetensorsHeader, RefusesHeaderNotStartingWithABrace) {
  EXPECT_TRUE(refused("[]", "", "does not start with '{'"));
  EXPECT_TRUE(refused(" {}", "", "does not start with '{'"));
  EXPECT_TRUE(refused("", "", "does not start with '{'"));
}

TEST(SafetensorsHeader, RefusesInvalidUtf8) {
  for (const std::string& bad : {std::string("\xff"),              // no lead byte
                                 std::string("\xc3"),              // cut off
                                 std::string("\xc0\xaf"),          // overlong
                                 std::string("\xe0\x80\xaf"),      // overlong
                                 std::string("\xf0\x80\x80\xaf"),  // overlong
                                 std::string("\xed\xa0\x80"),      // surrogate
                                 std::string("\xf4\x90\x80\x80"),  // above U+10FFFF
                                 std::string("\x80")}) {           // continuation alone
    EXPECT_TRUE(refused("{" + entry_json(bad, "U8", "[0]", "[0,0]") + "}", "", "not valid UTF-8"));
  }
}

TEST(SafetensorsHeader, AcceptsEveryLengthOfUtf8) {
  const std::string name = "aé水😀";
  EXPECT_EQ(accepted("{" + entry_json(name, "U8", "[0]", "[0,0]") + "}", "").count(name), 1u);
}

TEST(SafetensorsHeader, RefusesInvalidJson) {
  EXPECT_TRUE(refused("{\"a\":", "", "not valid JSON"));
  EXPECT_TRUE(refused("{} x", "", "not valid JSON"));
  EXPECT_TRUE(refused("{,}", "", "not valid JSON"));
  EXPECT_TRUE(refused(std::string("{}\0", 3), "", "not valid JSON"));
  EXPECT_TRUE(refused("{\"a\":NaN}", "", "not valid JSON"));
}

TEST(SafetensorsHeader, RefusesNestingBombs) {
  EXPECT_TRUE(refused("{\"a\":" + std::string(1'000'000, '['), "", "has a list as 'a'"));
  std::string objects = "{\"a\":{\"dtype\":";
  for (int i = 0; i < 100'000; ++i) objects += "{\"x\":";
  EXPECT_TRUE(refused(objects, "", "has an object as dtype"));
  EXPECT_TRUE(
      refused("{\"a\":{\"shape\":" + std::string(1'000'000, '['), "", "has a list in shape"));
}

TEST(SafetensorsHeader, RefusesDuplicateTensorName) {
  const std::string entry = entry_json("a", "U8", "[0]", "[0,0]");
  EXPECT_TRUE(refused("{" + entry + "," + entry + "}", "", "'a' occurs twice"));
  // The same name written with an escape is the same name.
  EXPECT_TRUE(refused("{" + entry + "," + entry_json("\\u0061", "U8", "[0]", "[0,0]") + "}", "",
                      "'a' occurs twice"));
}

TEST(SafetensorsHeader, RefusesDuplicateMetadataAndFields) {
  EXPECT_TRUE(
      refused("{\"__metadata__\":{},\"__metadata__\":{}}", "", "'__metadata__' occurs twice"));
  EXPECT_TRUE(refused("{\"__metadata__\":{\"k\":\"a\",\"k\":\"b\"}}", "", "has the key 'k' twice"));
  EXPECT_TRUE(
      refused("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\"}}", "", "has the key 'dtype' twice"));
}

TEST(SafetensorsHeader, RefusesUnknownDtype) {
  EXPECT_TRUE(refused("{" + entry_json("a", "F31", "[1]", "[0,4]") + "}", kFourBytes,
                      "unknown dtype 'F31'"));
  EXPECT_TRUE(refused("{" + entry_json("a", "f32", "[1]", "[0,4]") + "}", kFourBytes,
                      "unknown dtype 'f32'"));
}

TEST(SafetensorsHeader, RefusesNegativeShape) {
  EXPECT_TRUE(
      refused("{" + entry_json("a", "F32", "[-1]", "[0,4]") + "}", kFourBytes, "has -1 in shape"));
}

TEST(SafetensorsHeader, RefusesNonIntegerShape) {
  for (const char* bad : {"1.0", "1e0", "null", "true", "\"1\"", "[1]", "{}"}) {
    EXPECT_TRUE(refused("{" + entry_json("a", "F32", std::string("[") + bad + "]", "[0,4]") + "}",
                        kFourBytes, "in shape, expected whole numbers"))
        << bad;
  }
  EXPECT_TRUE(
      refused("{" + entry_json("a", "F32", "4", "[0,4]") + "}", kFourBytes, "has 4 as shape"));
}

TEST(SafetensorsHeader, RefusesOverflowingShape) {
  EXPECT_TRUE(refused("{" + entry_json("a", "F32", "[9223372036854775808]", "[0,4]") + "}",
                      kFourBytes, "has 9223372036854775808 in shape"));
  EXPECT_TRUE(refused("{" + entry_json("a", "F32", "[99999999999999999999]", "[0,4]") + "}",
                      kFourBytes, "in shape"));
}

TEST(SafetensorsHeader, RefusesOverflowingProduct) {
  // 2^32 * 2^32 wraps to 0 in 64 bits, 2^62 * 4 bytes wraps too.
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4294967296,4294967296]", "[0,0]") + "}", "",
                      "does not fit 63 bits"));
  EXPECT_TRUE(refused("{" + entry_json("a", "F32", "[4611686018427387904]", "[0,0]") + "}", "",
                      "does not fit 63 bits"));
  // A zero makes the product small, but strides would still overflow.
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[0,4294967296,4294967296]", "[0,0]") + "}", "",
                      "does not fit 63 bits"));
}

TEST(SafetensorsHeader, RefusesRangeThatDiffersFromTheShape) {
  EXPECT_TRUE(refused("{" + entry_json("a", "F32", "[2]", "[0,4]") + "}", kFourBytes,
                      "has 4 bytes, expected 8"));
  EXPECT_TRUE(refused("{" + entry_json("a", "F32", "[0]", "[0,4]") + "}", kFourBytes,
                      "has 4 bytes, expected 0"));
}

TEST(SafetensorsHeader, RefusesBeginAfterEnd) {
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4]", "[4,0]") + "}", kFourBytes,
                      "begins at byte 4 and ends before"));
}

TEST(SafetensorsHeader, RefusesBadOffsets) {
  EXPECT_TRUE(
      refused("{" + entry_json("a", "U8", "[4]", "[0]") + "}", kFourBytes, "has 1 data_offsets"));
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4]", "[0,4,4]") + "}", kFourBytes,
                      "has 3 data_offsets"));
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4]", "[-1,3]") + "}", kFourBytes,
                      "has -1 in data_offsets"));
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4]", "\"x\"") + "}", kFourBytes,
                      "has a text as data_offsets"));
}

TEST(SafetensorsHeader, RefusesOverlap) {
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[3]", "[0,3]") + "," +
                          entry_json("b", "U8", "[2]", "[2,4]") + "}",
                      kFourBytes, "overlap at tensor 'b'"));
}

TEST(SafetensorsHeader, RefusesHole) {
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[1]", "[0,1]") + "," +
                          entry_json("b", "U8", "[2]", "[2,4]") + "}",
                      kFourBytes, "leaves a hole before tensor 'b'"));
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[3]", "[1,4]") + "}", kFourBytes,
                      "leaves a hole before"));
}

TEST(SafetensorsHeader, RefusesTrailingBytes) {
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4]", "[0,4]") + "}", kFourBytes + "x",
                      "1 trailing bytes"));
  EXPECT_TRUE(refused("{}", "x", "1 trailing bytes"));
}

TEST(SafetensorsHeader, RefusesDataCutOff) {
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[4]", "[0,4]") + "}", "abc",
                      "need 4 bytes of data but only 3"));
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[1000000000000]", "[0,1000000000000]") + "}", "",
                      "only 0 follow"));
}

TEST(SafetensorsHeader, RefusesNonStringMetadata) {
  for (const char* bad : {"1", "-1", "1.5", "null", "true", "[]", "{}"}) {
    EXPECT_TRUE(refused(std::string("{\"__metadata__\":{\"k\":") + bad + "}}", "",
                        "as metadata 'k', expected a text"))
        << bad;
  }
  EXPECT_TRUE(refused("{\"__metadata__\":\"x\"}", "", "has a text as '__metadata__'"));
  EXPECT_TRUE(refused("{\"__metadata__\":null}", "", "has null as '__metadata__'"));
}

TEST(SafetensorsHeader, RefusesMoreThanEightDimensions) {
  EXPECT_EQ(
      accepted("{" + entry_json("a", "U8", "[1,1,1,1,1,1,1,4]", "[0,4]") + "}", kFourBytes)["a"]
          .dim(),
      8);
  EXPECT_TRUE(refused("{" + entry_json("a", "U8", "[1,1,1,1,1,1,1,1,4]", "[0,4]") + "}", kFourBytes,
                      "more than 8 dimensions"));
}

TEST(SafetensorsHeader, RefusesMissingAndUnknownFields) {
  EXPECT_TRUE(refused("{\"a\":{}}", "", "lacks one of dtype, shape, data_offsets"));
  EXPECT_TRUE(refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", "", "lacks one of"));
  EXPECT_TRUE(refused("{\"a\":{\"typo\":1}}", "", "unknown key 'typo'"));
  EXPECT_TRUE(refused("{\"a\":5}", "", "has 5 as 'a', expected an object"));
  EXPECT_TRUE(refused("{\"a\":{\"dtype\":5}}", "", "has 5 as dtype"));
}

TEST(SafetensorsHeader, RefusesAHundredThousandTensorsSharingOneRange) {
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i) {
    header += (i == 0 ? "" : ",") + entry_json("t" + std::to_string(i), "U8", "[4]", "[0,4]");
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(refused(header + "}", kFourBytes, "has an overlap at tensor"));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EXPECT_LT(taken.count(), 10.0);  // 0.2 s; a comparison of all pairs would take minutes
}

TEST(SafetensorsHeader, AcceptsNoTensors) {
  EXPECT_TRUE(accepted("{}", "").empty());
}

TEST(SafetensorsHeader, AcceptsZeroSizeTensors) {
  const auto tensors = accepted("{" + entry_json("a", "F32", "[0]", "[0,0]") + "," +
                                    entry_json("b", "U8", "[4]", "[0,4]") + "," +
                                    entry_json("c", "F32", "[3,0,2]", "[4,4]") + "}",
                                "abcd");
  EXPECT_EQ(tensors.at("a").numel(), 0);
  EXPECT_EQ(tensors.at("b").numel(), 4);
  EXPECT_EQ(tensors.at("c").sizes(), (at::IntArrayRef{3, 0, 2}));
}

TEST(SafetensorsHeader, AcceptsRankZero) {
  const auto tensors = accepted("{" + entry_json("a", "F32", "[]", "[0,4]") + "}", kFourBytes);
  EXPECT_EQ(tensors.at("a").dim(), 0);
  EXPECT_EQ(tensors.at("a").item<float>(), 0.0f);
}

TEST(SafetensorsHeader, AcceptsTrailingSpaces) {
  EXPECT_EQ(accepted("{" + entry_json("a", "U8", "[4]", "[0,4]") + "}     ", "abcd").size(), 1u);
}

TEST(SafetensorsHeader, AcceptsAnyOrderOfKeysAndRanges) {
  const auto tensors =
      accepted("{\"z\":{\"data_offsets\":[2,4],\"shape\":[2],\"dtype\":\"U8\"}," +
                   entry_json("a", "U8", "[2]", "[0,2]") + ",\"__metadata__\":{\"format\":\"pt\"}}",
               "abcd");
  EXPECT_EQ(tensors.at("a")[0].item<int>(), 'a');
  EXPECT_EQ(tensors.at("z")[1].item<int>(), 'd');
}

}  // namespace
}  // namespace physprobe

#include "physprobe/core/torch_file.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/memory_file.h"
#include "core/pickle_bytes.h"

namespace physprobe {
namespace {

using testing::golden_path;
using testing::MemoryFile;
using testing::number;
using testing::pickled_call;
using testing::pickled_dict;
using testing::pickled_number;
using testing::pickled_numbers;
using testing::pickled_tensor;
using testing::pickled_text;
using testing::pickled_tuple;
using testing::throws_error;
using testing::torch_file_bytes;
using testing::zip_bytes;

std::string golden(const std::string& name) {
  return golden_path("encoders/pth_variants/" + name);
}

/// Every tensor of `expected` under `from` is in the file under `to`, with the same values.
void expect_values(const std::string& file, const std::string& from, const std::string& to) {
  const TorchFile torch = TorchFile::open(golden(file));
  int checked = 0;
  for (const auto& [name, tensor] : read_safetensors(golden("expected.safetensors"))) {
    if (name.rfind(from, 0) != 0) continue;
    const at::Tensor found = torch.read(to + name.substr(from.size()));
    EXPECT_EQ(found.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(at::equal(found.to(tensor.scalar_type()), tensor)) << name;
    EXPECT_TRUE(found.is_contiguous()) << name;
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(TorchFile, OrderedDictionaryWithMetadata) {
  expect_values("ordered_metadata.pth", "state.", "");
}

TEST(TorchFile, LegacyRowOfPickles) {
  expect_values("legacy_nonzip.pth", "state.", "");
}

TEST(TorchFile, NestedDictionariesBesideOtherValues) {
  expect_values("ddp_nested.pth", "state.", "encoder.module.");
}

TEST(TorchFile, ViewsShareTheirStorage) {
  expect_values("views.pth", "views.", "");
}

TEST(TorchFile, ElementTypes) {
  expect_values("dtypes.pth", "dtypes.", "");
}

TEST(TorchFile, Parameters) {
  expect_values("parameters.pth", "parameters.", "");
}

class HostileTorchFile : public ::testing::Test {
 protected:
  TorchFile open(const std::string& bytes) { return TorchFile::open(file_.with(bytes)); }

  ::testing::AssertionResult is_refused(const std::string& bytes,
                                        const std::string& part,
                                        ErrorKind kind = ErrorKind::kInput) {
    return throws_error(kind, part, [&] {
      const TorchFile torch = open(bytes);
      for (const TensorEntry& entry : torch.entries()) torch.read(entry.name);
    });
  }

  /// One float tensor "w" over four numbers.
  static std::string with_tensor(int64_t claimed,
                                 int64_t offset,
                                 const std::vector<int64_t>& shape,
                                 const std::vector<int64_t>& strides) {
    const std::string tensor = pickled_tensor("FloatStorage", "0", claimed, offset, shape, strides);
    return torch_file_bytes(pickled_dict({{"w", tensor}}), {{"0", std::string(16, '\0')}});
  }

  MemoryFile file_;
};

TEST_F(HostileTorchFile, TheBuilderItselfIsRead) {
  const TorchFile torch = open(with_tensor(4, 1, {3}, {1}));
  ASSERT_EQ(torch.entries().size(), 1U);
  EXPECT_EQ(torch.entries()[0].name, "w");
  EXPECT_EQ(torch.entries()[0].dtype, "F32");
  EXPECT_TRUE(at::equal(torch.read("w"), at::zeros({3})));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "no tensor 'x'", [&] { torch.read("x"); }));
}

TEST_F(HostileTorchFile, NothingIsCalled) {
  // What os.system would do shows in its file; the call becomes a value that is passed over.
  const std::string call = pickled_call("posix system", pickled_tuple({pickled_text("exit 1")}));
  const std::string tensor = pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1});
  const TorchFile torch = open(torch_file_bytes(pickled_dict({{"args", call}, {"w", tensor}}),
                                                {{"0", std::string(16, '\0')}}));
  EXPECT_EQ(torch.entries().size(), 1U);
  EXPECT_EQ(torch.passed_over(), (std::vector<std::string>{"posix.system"}));
}

TEST_F(HostileTorchFile, TensorsBeyondTheirStorage) {
  const std::string beyond = "reaches beyond";
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {5}, {1}), beyond));
  EXPECT_TRUE(is_refused(with_tensor(4, 1, {4}, {1}), beyond));
  EXPECT_TRUE(is_refused(with_tensor(4, 5, {1}, {1}), beyond));
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {2, 2}, {3, 1}), beyond));
  const int64_t huge = int64_t{1} << 62;
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {2, 2}, {huge, huge}), beyond));
  EXPECT_TRUE(is_refused(with_tensor(4, huge, {1}, {1}), beyond));
}

TEST_F(HostileTorchFile, ShapesThatNeedMoreMemoryThanTheStorage) {
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {int64_t{1} << 40}, {0}), "repeat"));
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {int64_t{1} << 40, int64_t{1} << 40}, {0, 0}),
                         "impossible shape"));
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {2}, {1, 1}), "impossible shape"));
  EXPECT_TRUE(is_refused(with_tensor(4, 0, std::vector<int64_t>(9, 1), std::vector<int64_t>(9, 1)),
                         "up to 8"));
}

TEST_F(HostileTorchFile, NegativeNumbers) {
  EXPECT_TRUE(is_refused(with_tensor(4, -1, {1}, {1}), "whole number"));
  EXPECT_TRUE(is_refused(with_tensor(4, 0, {-1}, {1}), "whole number"));
  EXPECT_TRUE(is_refused(with_tensor(4, 3, {4}, {-1}), "whole number"));
  EXPECT_TRUE(is_refused(with_tensor(-4, 0, {1}, {1}), "-4 elements"));
}

TEST_F(HostileTorchFile, StoragesOfAnotherSizeOrMissing) {
  EXPECT_TRUE(is_refused(with_tensor(5, 0, {1}, {1}), "keeps 16 bytes"));
  EXPECT_TRUE(is_refused(with_tensor(int64_t{1} << 61, 0, {1}, {1}), "elements"));
  const std::string tensor = pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1});
  EXPECT_TRUE(is_refused(torch_file_bytes(pickled_dict({{"w", tensor}}), {}), "lacks the numbers"));
  const std::string other = pickled_tensor("DoubleStorage", "0", 2, 0, {2}, {1});
  EXPECT_TRUE(is_refused(
      torch_file_bytes(pickled_dict({{"w", tensor}, {"v", other}}), {{"0", std::string(16, '\0')}}),
      "in two ways"));
}

TEST_F(HostileTorchFile, KindsThatAreNotRead) {
  const std::string tensor = pickled_tensor("ComplexFloatStorage", "0", 2, 0, {2}, {1});
  EXPECT_TRUE(is_refused(
      torch_file_bytes(pickled_dict({{"w", tensor}}), {{"0", std::string(16, '\0')}}), "not read"));
}

TEST_F(HostileTorchFile, DoubledNames) {
  const std::string tensor = pickled_tensor("FloatStorage", "0", 4, 0, {4}, {1});
  EXPECT_TRUE(is_refused(torch_file_bytes(pickled_dict({{"w", tensor}, {"w", tensor}}),
                                          {{"0", std::string(16, '\0')}}),
                         "'w' twice"));
  EXPECT_TRUE(is_refused(
      torch_file_bytes(pickled_dict({{"a.b", tensor}, {"a", pickled_dict({{"b", tensor}})}}),
                       {{"0", std::string(16, '\0')}}),
      "'a.b' twice"));
}

TEST_F(HostileTorchFile, NestingWithoutEnd) {
  std::string deep = "N";
  for (int i = 0; i < 100; ++i) deep = pickled_dict({{"d", deep}});
  EXPECT_TRUE(is_refused(torch_file_bytes(deep, {}), ""));
  // A list that holds itself, kept under memo 0: LibTorch's reader would follow it for ever.
  EXPECT_TRUE(is_refused(torch_file_bytes("]q" + number(0, 1) + "h" + number(0, 1) + "a", {}),
                         "nested deeper"));
  // Each level holds the one below twice: 2^60 ways down.
  std::string doubled = ")q" + number(0, 1);
  for (int i = 1; i <= 60; ++i) {
    doubled += "h" + number(static_cast<uint64_t>(i - 1), 1) + "h" +
               number(static_cast<uint64_t>(i - 1), 1) + "\x86q" +
               number(static_cast<uint64_t>(i), 1);
  }
  std::string tuple = "(" + doubled + "t";
  EXPECT_TRUE(is_refused(torch_file_bytes(tuple, {}), "too many ways"));
}

TEST_F(HostileTorchFile, MalformedPickles) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty stack"},                                 // STOP alone is added: no value
      {"t", "no mark"},                                    //
      {"\x85", "empty stack"},                             //
      {"}u", "no mark"},                                   //
      {"}(K" + number(1, 1) + "u", "without a value"},     //
      {"K" + number(1, 1) + "(NNu", "no mapping"},         //
      {"NNa", "no list"},                                  //
      {"h" + number(7, 1), "never kept"},                  //
      {"X" + number(0xFFFFFFFF, 4) + "abc", "truncated"},  //
      {"\x8d" + number(uint64_t{1} << 60, 8) + "abc", "truncated"},
      {"\x8b" + number(0xFFFFFFFF, 4), "negative length"},  //
      {"I1\n", "opcode 0x49"},                              //
      {"\x80" + number(9, 1), "protocol 9"},                //
      {"KA"
       "KA"
       "\x93",
       "no text"},                               //
      {"NN", "2 values"},                        //
      {"c" + std::string(5000, 'a'), "no end"},  //
  };
  for (const auto& [pickle, part] : cases) {
    const std::string expected = pickle.empty() ? "0 values" : part;
    EXPECT_TRUE(is_refused(torch_file_bytes(pickle, {}), expected)) << part;
  }
}

TEST_F(HostileTorchFile, ProgramsAreRefused) {
  EXPECT_TRUE(is_refused(zip_bytes({{"m/data.pkl", "\x80\x02}."}, {"m/code/m.py", "x"}}),
                         "TorchScript", ErrorKind::kIncompatible));
  EXPECT_TRUE(is_refused(zip_bytes({{"m/other", "x"}}), "data.pkl", ErrorKind::kIncompatible));
  EXPECT_TRUE(is_refused(torch_file_bytes("cmodels.vit\nViT\n)\x81}b", {}), "models.vit.ViT",
                         ErrorKind::kIncompatible));
  EXPECT_TRUE(is_refused("\x80\x02}.", "not one that torch.save wrote", ErrorKind::kIncompatible));
  EXPECT_TRUE(is_refused(torch_file_bytes("}", {}, "big"), "big-endian", ErrorKind::kIncompatible));
  EXPECT_TRUE(is_refused("some text", "neither"));
  EXPECT_TRUE(is_refused("", "neither"));
}

TEST_F(HostileTorchFile, OneFlippedByteOfTheNumbersIsFound) {
  std::string bytes = with_tensor(4, 0, {4}, {1});
  const std::size_t place = bytes.find("archive/data/0") + std::string("archive/data/0").size() + 5;
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  EXPECT_TRUE(is_refused(bytes, "checksum"));
}

TEST_F(HostileTorchFile, EveryTruncationOfARealFileIsAnError) {
  for (const char* name : {"views.pth", "legacy_nonzip.pth"}) {
    const std::string whole = read_file(golden(name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_THROW(
          {
            const TorchFile torch = open(whole.substr(0, size));
            for (const TensorEntry& entry : torch.entries()) torch.read(entry.name);
          },
          Error)
          << name << " cut to " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace physprobe

#include "physprobe/memory/array_file.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/memory/embedding_store.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/npy_bytes.h"
#include "core/zip_bytes.h"
#include "store_samples.h"

namespace physprobe {
namespace {

using testing::TempDir;
using Named = std::vector<std::pair<std::string, at::Tensor>>;

Named read_all(const std::string& path, const ArrayStreamOptions& options = {}) {
  Named all;
  for_each_trajectory(path, options, [&](const std::string& name, const at::Tensor& trajectory) {
    all.emplace_back(name, trajectory.clone());
  });
  return all;
}

/// Message of the Error(kInput) that reading throws.
std::string refusal(const std::string& path,
                    const ArrayStreamOptions& options = {},
                    ErrorKind kind = ErrorKind::kInput) {
  try {
    read_all(path, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

void expect_named(const Named& found, const Named& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].first, expected[i].first);
    EXPECT_EQ(found[i].second.scalar_type(), expected[i].second.scalar_type()) << found[i].first;
    EXPECT_TRUE(at::equal(found[i].second, expected[i].second)) << found[i].first;
  }
}

at::Tensor ramp(at::IntArrayRef shape, double offset = 0.0) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return (at::arange(count, at::kFloat) + offset).reshape(shape);
}

TEST(ArrayFile, SafetensorsOfEveryFloatingType) {
  const TempDir dir;
  const at::Tensor a = ramp({4, 3}) / 8;
  write_safetensors(dir / "x.safetensors", {{"b16", a.to(at::kBFloat16)},
                                            {"f16", a.to(at::kHalf)},
                                            {"f32", a},
                                            {"f64", a.to(at::kDouble) / 3.0}});
  expect_named(read_all(dir / "x.safetensors"), {{"b16", a.to(at::kBFloat16).to(at::kFloat)},
                                                 {"f16", a.to(at::kHalf).to(at::kFloat)},
                                                 {"f32", a},
                                                 {"f64", a.to(at::kDouble) / 3.0}});
}

TEST(ArrayFile, ArraysThatAreNoTrajectoriesAreLeftOutByName) {
  const TempDir dir;
  write_safetensors(dir / "x.safetensors", {{"good", ramp({4, 3})},
                                            {"flat", ramp({4})},
                                            {"deep", ramp({2, 2, 2, 2})},
                                            {"whole", at::ones({2, 2}, at::kLong)}});
  Named all;
  const std::vector<std::string> left_out = for_each_trajectory(
      dir / "x.safetensors", {}, [&](const std::string& name, const at::Tensor& trajectory) {
        all.emplace_back(name, trajectory);
      });
  expect_named(all, {{"good", ramp({4, 3})}});
  EXPECT_EQ(left_out,
            (std::vector<std::string>{"deep: F32 of shape (2, 2, 2, 2)", "flat: F32 of shape (4)",
                                      "whole: I64 of shape (2, 2)"}));
}

TEST(ArrayFile, AFileWithoutTrajectoriesSaysWhatItHolds) {
  const TempDir dir;
  write_safetensors(dir / "x.safetensors", {{"flat", ramp({4})}, {"n", at::ones({2}, at::kLong)}});
  const std::string message = refusal(dir / "x.safetensors");
  for (const char* part : {"holds no trajectory", "flat: F32 of shape (4)", "n: I64", "(T, D)"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  write_safetensors(dir / "none.safetensors", {});
  EXPECT_NE(refusal(dir / "none.safetensors").find("holds no arrays"), std::string::npos);
}

TEST(ArrayFile, AllUnexplainedArraysAreListedAtOnceUpToALimit) {
  const TempDir dir;
  std::map<std::string, at::Tensor> tensors = {{"good", ramp({4, 3})}};
  for (int i = 10; i < 35; ++i) tensors["tokens" + std::to_string(i)] = ramp({2, 3, 4});
  write_safetensors(dir / "x.safetensors", tensors);
  const std::string message = refusal(dir / "x.safetensors");
  for (const char* part : {"25 arrays", "'tokens10'", "'tokens29'", "and 5 more",
                           "--pooling mean, first or flatten", "--three-dimensional batch"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  EXPECT_EQ(message.find("'good'"), std::string::npos) << message;
  EXPECT_EQ(message.find("'tokens30'"), std::string::npos) << message;
}

TEST(ArrayFile, TokensArePooledAsAsked) {
  const TempDir dir;
  const at::Tensor tokens = ramp({2, 3, 4});
  write_safetensors(dir / "x.safetensors", {{"t", tokens}});
  ArrayStreamOptions options;
  options.pooling = TokenPooling::kMean;
  expect_named(read_all(dir / "x.safetensors", options), {{"t", tokens.mean(1)}});
  options.pooling = TokenPooling::kFirst;
  expect_named(read_all(dir / "x.safetensors", options), {{"t", tokens.select(1, 0)}});
  options.pooling = TokenPooling::kFlatten;
  expect_named(read_all(dir / "x.safetensors", options), {{"t", tokens.reshape({2, 12})}});
}

TEST(ArrayFile, BatchesAreStreamedUnderTheirIds) {
  const TempDir dir;
  const at::Tensor batch = ramp({3, 5, 2});
  write_safetensors(dir / "own.safetensors",
                    {{"b", batch}, {"b.ids", at::tensor({7, 5, 30}, at::kLong)}});
  expect_named(read_all(dir / "own.safetensors"),
               {{"7", batch[0]}, {"5", batch[1]}, {"30", batch[2]}});
  write_safetensors(dir / "common.safetensors",
                    {{"b", batch}, {"ids", at::tensor({1, 2, 3}, at::kLong)}});
  expect_named(read_all(dir / "common.safetensors"),
               {{"1", batch[0]}, {"2", batch[1]}, {"3", batch[2]}});

  write_safetensors(dir / "none.safetensors", {{"b", batch}});
  ArrayStreamOptions options;
  options.three_dimensional = "batch";
  expect_named(read_all(dir / "none.safetensors", options),
               {{"b[0]", batch[0]}, {"b[1]", batch[1]}, {"b[2]", batch[2]}});
  options.only = {"b[1]"};
  expect_named(read_all(dir / "none.safetensors", options), {{"b[1]", batch[1]}});

  write_safetensors(dir / "short.safetensors",
                    {{"b", batch}, {"b.ids", at::tensor({7, 5}, at::kLong)}});
  EXPECT_NE(refusal(dir / "short.safetensors").find("b.ids"), std::string::npos);
  write_safetensors(dir / "twice.safetensors",
                    {{"b", batch}, {"ids", at::tensor({1, 2, 1}, at::kLong)}});
  EXPECT_NE(refusal(dir / "twice.safetensors").find("'1'"), std::string::npos);
}

TEST(ArrayFile, OnlyTheNamesAskedFor) {
  const TempDir dir;
  write_safetensors(dir / "x.safetensors",
                    {{"a", ramp({4, 3})}, {"bad", ramp({4})}, {"z", ramp({2, 3})}});
  ArrayStreamOptions options;
  options.only = {"z"};
  expect_named(read_all(dir / "x.safetensors", options), {{"z", ramp({2, 3})}});
  options.only = {"z", "y"};
  EXPECT_NE(refusal(dir / "x.safetensors", options).find("'y'"), std::string::npos);
  options.only = {"bad"};
  EXPECT_NE(refusal(dir / "x.safetensors", options).find("'bad'"), std::string::npos);
}

TEST(ArrayFile, NpyAndItsIdsBesideIt) {
  const TempDir dir;
  write_npy(dir / "clip.npy", ramp({4, 3}));
  expect_named(read_all(dir / "clip.npy"), {{"clip", ramp({4, 3})}});

  write_npy(dir / "many.npy", ramp({2, 4, 3}));
  write_npy(dir / "many.ids.npy", at::tensor({12, 11}, at::kLong));
  expect_named(read_all(dir / "many.npy"),
               {{"12", ramp({2, 4, 3})[0]}, {"11", ramp({2, 4, 3})[1]}});

  // Text ids, a line each, go before numbers.
  std::ofstream(dir / "many.ids.txt", std::ios::binary) << "fällt\r\nrolls away\n";
  expect_named(read_all(dir / "many.npy"),
               {{"fällt", ramp({2, 4, 3})[0]}, {"rolls away", ramp({2, 4, 3})[1]}});
  std::ofstream(dir / "many.ids.txt", std::ios::binary) << "only one";
  EXPECT_NE(refusal(dir / "many.npy").find("many.ids"), std::string::npos);
}

TEST(ArrayFile, DirectoryGoesOnPastADamagedFileWhenToldWhom) {
  const TempDir dir;
  write_npy(dir / "a.npy", ramp({4, 3}));
  std::ofstream(dir / "b.npy") << "no array";
  std::ofstream(dir / "c.npz") << "no archive";
  write_npy(dir / "d.npy", ramp({2, 3}));
  const std::string message = refusal(dir.path());
  EXPECT_NE(message.find("b.npy"), std::string::npos) << message;
  EXPECT_NE(message.find("c.npz"), std::string::npos) << message;
  std::vector<std::string> damaged;
  ArrayStreamOptions options;
  options.on_damaged = [&](const std::string& name, const Error&) { damaged.push_back(name); };
  expect_named(read_all(dir.path(), options), {{"a", ramp({4, 3})}, {"d", ramp({2, 3})}});
  EXPECT_EQ(damaged, (std::vector<std::string>{"b", "c"}));
  // What does not concern the names asked for is not reported.
  damaged.clear();
  options.only = {"d"};
  expect_named(read_all(dir.path(), options), {{"d", ramp({2, 3})}});
  EXPECT_TRUE(damaged.empty());
  options.only = {"c/x"};
  EXPECT_TRUE(read_all(dir.path(), options).empty());
  EXPECT_EQ(damaged, (std::vector<std::string>{"c"}));
}

TEST(ArrayFile, ArraysCutShortAfterOpeningAreDamage) {
  const TempDir dir;
  write_npy(dir / "a.npy", ramp({4, 3}));
  write_npy(dir / "b.npy", ramp({2, 3}));
  std::vector<std::string> damaged;
  ArrayStreamOptions options;
  options.on_damaged = [&](const std::string& name, const Error&) { damaged.push_back(name); };
  Named all;
  for_each_trajectory(dir.path(), options, [&](const std::string& name, const at::Tensor&) {
    all.emplace_back(name, at::Tensor());
    std::filesystem::resize_file(dir / "b.npy", 100);
  });
  EXPECT_EQ(all.size(), 1U);
  EXPECT_EQ(damaged, (std::vector<std::string>{"b"}));
}

TEST(ArrayFile, DirectoryInOrderOfFileThenName) {
  const TempDir dir;
  write_npy(dir / "b.npy", ramp({4, 3}, 1));
  write_npy(dir / "a.npy", ramp({2, 3}, 2));
  write_safetensors(dir / "c.safetensors", {{"y", ramp({2, 2}, 3)}, {"x", ramp({3, 2}, 4)}});
  std::ofstream(dir / "readme.txt") << "not an array";
  expect_named(read_all(dir.path()), {{"a", ramp({2, 3}, 2)},
                                      {"b", ramp({4, 3}, 1)},
                                      {"c/x", ramp({3, 2}, 4)},
                                      {"c/y", ramp({2, 2}, 3)}});
  write_npy(dir / "b.ids.npy", at::tensor({12, 11}, at::kLong));  // ids are never trajectories
  EXPECT_EQ(read_all(dir.path()).size(), 4U);
  write_npy(dir / "d.npy", ramp({2, 4, 3}));
  std::ofstream(dir / "d.ids.txt") << "x\ny\n";
  const Named with_batch = read_all(dir.path());
  ASSERT_EQ(with_batch.size(), 6U);
  EXPECT_EQ(with_batch[4].first, "x");
}

/// Writes a dataset of the given file type from doubles.
void write_hdf5(hid_t file, const char* name, hid_t type, const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  const std::vector<hsize_t> shape(values.sizes().begin(), values.sizes().end());
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data_ptr()),
            0);
  H5Dclose(dataset);
  H5Sclose(space);
}

TEST(ArrayFile, Hdf5WithGroupsTextIdsAndHalfPrecision) {
  const TempDir dir;
  const hid_t file = H5Fcreate((dir / "x.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose(H5Gcreate2(file, "set", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  write_hdf5(file, "half", half, ramp({4, 3}) / 4);
  H5Tclose(half);
  write_hdf5(file, "double", H5T_IEEE_F64BE, ramp({2, 3}) / 3);
  write_hdf5(file, "set/batch", H5T_IEEE_F32LE, ramp({2, 3, 2}));
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, H5T_VARIABLE);
  const hsize_t count = 2;
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t ids = H5Dcreate2(file, "set/ids", text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const char* names[] = {"fall", "roll"};
  H5Dwrite(ids, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, names);
  H5Dclose(ids);
  H5Sclose(space);
  H5Tclose(text);
  H5Fclose(file);
  expect_named(read_all(dir / "x.h5"), {{"double", (ramp({2, 3}) / 3).to(at::kDouble)},
                                        {"half", ramp({4, 3}) / 4},
                                        {"fall", ramp({2, 3, 2})[0]},
                                        {"roll", ramp({2, 3, 2})[1]}});
}

TEST(ArrayFile, Hdf5DamageIsAnInputError) {
  const TempDir dir;
  std::ofstream(dir / "text.h5") << "this is no HDF5 file";
  refusal(dir / "text.h5");
  const hid_t file = H5Fcreate((dir / "x.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  write_hdf5(file, "whole", H5T_STD_I32LE, ramp({4, 3}));
  write_hdf5(file, "flat", H5T_IEEE_F32LE, ramp({4}));
  H5Fclose(file);
  const std::string message = refusal(dir / "x.h5");
  EXPECT_NE(message.find("whole: integer of 32 bits"), std::string::npos) << message;
  EXPECT_NE(message.find("flat: float of 32 bits"), std::string::npos) << message;
}

TEST(ArrayFile, StoresAndTheirExportsAreReadAlike) {
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(testing::sample_batch(0, 2));  // two records of one item
  writer->append(testing::sample_batch(2, 3));
  writer->compact_to(dir / "export.h5");
  ArrayStreamOptions options;
  for (const std::string& path : {dir / "store", dir / "export.h5"}) {
    const Named all = read_all(path, options);
    std::vector<std::string> names;
    for (const auto& [name, tensor] : all) names.push_back(name);
    std::vector<std::string> expected = {
        "clip/0 ünï@" + testing::sample_key(0).substr(0, 12) + "/empty",
        "clip/0 ünï@" + testing::sample_key(0).substr(0, 12) + "/trajectory",
        "clip/0 ünï@" + testing::sample_key(1).substr(0, 12) + "/trajectory",
        "clip/1 ünï/trajectory"};
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(names, expected);
    EXPECT_TRUE(at::equal(all.back().second, testing::sample_record(2).fields.at("trajectory")));
  }
}

TEST(ArrayFile, NpzWithTextIdsAndEveryOrder) {
  const TempDir dir;
  const auto npy = [&](const at::Tensor& tensor) {
    write_npy(dir / "t.npy", tensor);
    return read_file(dir / "t.npy");
  };
  const std::string ids = testing::npy_bytes(testing::npy_dictionary("|S4", "(2,)"), "fallroll");
  for (const bool is_deflated : {false, true}) {
    write_file_atomic(dir / "x.npz",
                      testing::zip_bytes({{"walk.npy", npy(ramp({4, 3})), is_deflated},
                                          {"batch.npy", npy(ramp({2, 3, 2})), is_deflated},
                                          {"batch.ids.npy", ids, is_deflated}}));
    expect_named(
        read_all(dir / "x.npz"),
        {{"fall", ramp({2, 3, 2})[0]}, {"roll", ramp({2, 3, 2})[1]}, {"walk", ramp({4, 3})}});
  }
}

TEST(ArrayFile, NpzWithADamagedMemberGivesTheOthers) {
  const TempDir dir;
  write_npy(dir / "t.npy", ramp({4, 3}));
  std::string bytes = testing::zip_bytes({{"bad.npy", read_file(dir / "t.npy"), false},
                                          {"good.npy", read_file(dir / "t.npy"), false}});
  bytes[180] = static_cast<char>(bytes[180] ^ 1);  // among the elements of the first member
  write_file_atomic(dir / "x.npz", bytes);
  EXPECT_NE(refusal(dir / "x.npz").find("checksum"), std::string::npos);
  std::vector<std::string> damaged;
  ArrayStreamOptions options;
  options.on_damaged = [&](const std::string& name, const Error&) { damaged.push_back(name); };
  expect_named(read_all(dir / "x.npz", options), {{"good", ramp({4, 3})}});
  EXPECT_EQ(damaged, (std::vector<std::string>{"bad"}));
}

TEST(ArrayFile, OtherPathsAreRefusedWithWhatIsAccepted) {
  const TempDir dir;
  EXPECT_NE(refusal(dir / "missing.npy").find("does not exist"), std::string::npos);
  EXPECT_NE(refusal(dir.path()).find(".safetensors"), std::string::npos);
  std::ofstream(dir / "weights.pt") << "x";
  EXPECT_NE(refusal(dir / "weights.pt").find(".safetensors"), std::string::npos);
  write_safetensors(dir / "x.safetensors", {{"a", ramp({4, 3})}});
  ArrayStreamOptions options;
  options.three_dimensional = "bach";
  EXPECT_NE(refusal(dir / "x.safetensors", options, ErrorKind::kUsage).find("batch"),
            std::string::npos);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/memory/embedding_store.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <unistd.h>

#include "memory_samples.h"
#include "store_samples.h"

namespace physprobe {
namespace {

using testing::expect_holds_first;
using testing::expect_same;
using testing::kind_thrown;
using testing::sample_batch;
using testing::sample_key;
using testing::sample_record;
using testing::TempDir;

TEST(EmbeddingStore, RoundTripKeepsEveryTypeShapeAndText) {
  const TempDir dir;
  {
    const auto writer = EmbeddingStore::open_writer(dir / "store");
    writer->append(sample_batch(0, 7));
    writer->append({});
    writer->append(sample_batch(7, 16));
    expect_holds_first(*writer, 16);
  }
  const auto reader = EmbeddingStore::open_reader(dir / "store");
  expect_holds_first(*reader, 16);
  EXPECT_TRUE(reader->contains(sample_key(15)));
  EXPECT_FALSE(reader->contains(sample_key(16)));
  EXPECT_TRUE(reader->verify().empty());
  EXPECT_TRUE(std::filesystem::exists(dir / "store/seg-000001.h5"));
  EXPECT_FALSE(std::filesystem::exists(dir / "store/seg-000002.h5"));
}

TEST(EmbeddingStore, ReadsOnlyTheFieldsAskedFor) {
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(sample_batch(0, 3));
  const StoreRecord record = writer->read(sample_key(1), {"retrieval"});
  ASSERT_EQ(record.fields.size(), 1U);
  EXPECT_TRUE(at::equal(record.fields.at("retrieval"), sample_record(1).fields.at("retrieval")));
  EXPECT_EQ(kind_thrown([&] { writer->read(sample_key(1), {"nothing"}); }), ErrorKind::kInput);
  EXPECT_EQ(kind_thrown([&] { writer->read(sample_key(9)); }), ErrorKind::kInput);
}

TEST(EmbeddingStore, DuplicateKeysAreRefusedAndNothingIsStored) {  // S11
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(sample_batch(0, 3));
  EXPECT_EQ(kind_thrown([&] { writer->append(sample_batch(2, 5)); }), ErrorKind::kInput);
  EXPECT_EQ(kind_thrown([&] {
              writer->append({sample_record(8), sample_record(8)});
            }),
            ErrorKind::kInput);
  expect_holds_first(*writer, 3);
}

TEST(EmbeddingStore, UnfitRecordsAreRefusedByName) {
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  const auto refused = [&](const auto& change) {
    StoreRecord record = sample_record(0);
    record.item_id = "the-clip";
    change(record);
    std::string message;
    EXPECT_EQ(kind_thrown([&] { writer->append({record}); }, &message), ErrorKind::kInput);
    EXPECT_NE(message.find("the-clip"), std::string::npos) << message;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  refused([&](StoreRecord& r) { r.fields["retrieval"][3] = nan; });
  refused([&](StoreRecord& r) { r.fields["retrieval"][3] = infinity; });
  refused([](StoreRecord& r) { r.fields["half"] = at::zeros({2}, at::kHalf); });
  refused([](StoreRecord& r) { r.fields["nothing"] = at::Tensor(); });
  refused([](StoreRecord& r) { r.fields[""] = at::zeros({2}); });
  refused([](StoreRecord& r) { r.key = "short"; });
  refused([](StoreRecord& r) { r.key[5] = 'X'; });
  refused([](StoreRecord& r) { r.meta = std::string("a\0b", 3); });
  EXPECT_EQ(writer->size(), 0);
  StoreRecord other_field = sample_record(0);
  other_field.fields["cosines"] = at::full({2}, nan);  // only retrieval vectors have to be finite
  writer->append({other_field});
  EXPECT_TRUE(std::isnan(writer->read(sample_key(0)).fields.at("cosines")[0].item<float>()));
}

TEST(EmbeddingStore, SecondWriterIsRefusedByName) {  // S5
  const TempDir dir;
  auto writer = EmbeddingStore::open_writer(dir / "store");
  std::string message;
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_writer(dir / "store"); }, &message),
            ErrorKind::kResource);
  EXPECT_NE(message.find("pid " + std::to_string(::getpid())), std::string::npos) << message;
  writer.reset();
  EXPECT_NO_THROW(EmbeddingStore::open_writer(dir / "store"));
}

TEST(EmbeddingStore, ReaderSeesThePrefixOfItsOpeningUntilRefreshed) {  // S6
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(sample_batch(0, 2));
  const auto reader = EmbeddingStore::open_reader(dir / "store");
  writer->append(sample_batch(2, 5));
  expect_holds_first(*reader, 2);
  reader->refresh();
  expect_holds_first(*reader, 5);
  EXPECT_THROW(reader->append(sample_batch(5, 6)), Error);
}

TEST(EmbeddingStore, WhatIsNoStoreOrOfAnotherSchemaIsRefused) {  // S8
  const TempDir dir;
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_reader(dir / "missing"); }), ErrorKind::kInput);
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_reader(dir.path()); }), ErrorKind::kInput);
  EmbeddingStore::open_writer(dir / "store");
  write_file_atomic(dir / "store/store.json", "{\"format\":\"physprobe-store\",\"schema\":2}\n");
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_reader(dir / "store"); }),
            ErrorKind::kIncompatible);
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_writer(dir / "store"); }),
            ErrorKind::kIncompatible);
  write_file_atomic(dir / "store/store.json", "{\"format\":\"physprobe-store\",\"schemb\":1}\n");
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_reader(dir / "store"); }), ErrorKind::kInput);
}

TEST(EmbeddingStore, SegmentsWithoutTheirMarkerAreNotAdopted) {
  const TempDir dir;
  EmbeddingStore::open_writer(dir / "store")->append(sample_batch(0, 2));
  std::filesystem::remove(dir / "store/store.json");
  EXPECT_EQ(kind_thrown([&] { EmbeddingStore::open_writer(dir / "store"); }), ErrorKind::kInput);
}

TEST(EmbeddingStore, PathWithSpacesAndUnicode) {  // S10
  const TempDir dir;
  const std::string path = dir / ("a folder/größe 雪/" + std::string(100, 'x'));
  EmbeddingStore::open_writer(path)->append(sample_batch(0, 2));
  expect_holds_first(*EmbeddingStore::open_reader(path), 2);
}

TEST(EmbeddingStore, MissingSegmentIsReportedByVerify) {
  const TempDir dir;
  {
    const auto writer = EmbeddingStore::open_writer(dir / "store");
    for (int64_t i = 0; i < 3; ++i) writer->append(sample_batch(i, i + 1));
  }
  std::filesystem::remove(dir / "store/seg-000001.h5");
  const auto reader = EmbeddingStore::open_reader(dir / "store");
  const std::vector<StoreFinding> findings = reader->verify();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].segment, "seg-000001.h5");
  EXPECT_EQ(reader->size(), 2);
  // The lost row can be computed and stored again.
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(sample_batch(1, 2));
  expect_same(writer->read(sample_key(1)), sample_record(1));
  EXPECT_TRUE(std::filesystem::exists(dir / "store/seg-000003.h5"));
}

TEST(EmbeddingStore, ContentDigestNamesTheContentNotTheSegmentation) {
  const TempDir dir;
  const auto one = EmbeddingStore::open_writer(dir / "one");
  const auto many = EmbeddingStore::open_writer(dir / "many");
  one->append(sample_batch(0, 6));
  for (int64_t i = 5; i >= 0; --i) many->append(sample_batch(i, i + 1));
  EXPECT_EQ(one->content_digest(), many->content_digest());
  const std::string before = one->content_digest();
  one->append(sample_batch(6, 7));
  EXPECT_NE(one->content_digest(), before);

  // Every part of a record is part of its digest.
  const auto digest_of = [&](const StoreRecord& record) {
    static int number = 0;
    const auto store = EmbeddingStore::open_writer(dir / ("part" + std::to_string(number++)));
    store->append({record});
    return store->content_digest();
  };
  const std::string plain = digest_of(sample_record(1));
  std::vector<StoreRecord> changed(6, sample_record(1));
  changed[0].item_id += "x";
  changed[1].space += "x";
  changed[2].meta += " ";
  changed[3].fields["retrieval"][2] += 1e-6;
  changed[4].fields["trajectory"] = changed[4].fields["trajectory"].reshape({2, -1});
  changed[5].fields["renamed"] = changed[5].fields["retrieval"];
  changed[5].fields.erase("retrieval");
  for (const StoreRecord& record : changed) EXPECT_NE(digest_of(record), plain);
  EXPECT_EQ(digest_of(sample_record(1)), plain);
}

TEST(EmbeddingStore, EqualBatchesGiveEqualBytes) {
  const TempDir dir;
  EmbeddingStore::open_writer(dir / "a")->append(sample_batch(0, 5));
  EmbeddingStore::open_writer(dir / "b")->append(sample_batch(0, 5));
  EXPECT_EQ(read_file(dir / "a/seg-000000.h5"), read_file(dir / "b/seg-000000.h5"));
}

TEST(EmbeddingStore, CompactedFileIsACompleteStoreOfItsOwn) {
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  for (int64_t i = 0; i < 12; i += 3) writer->append(sample_batch(i, i + 3));
  writer->compact_to(dir / "export.h5");
  const auto exported = EmbeddingStore::open_reader(dir / "export.h5");
  expect_holds_first(*exported, 12);
  EXPECT_TRUE(exported->verify().empty());
  EXPECT_EQ(exported->content_digest(), writer->content_digest());
}

TEST(EmbeddingStore, OtherProgramsFindOneFieldInOnePiece) {
  // What docs/store_format.md promises to readers of the plain HDF5 file.
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(sample_batch(0, 4));
  writer->append(sample_batch(4, 6));
  writer->compact_to(dir / "export.h5");

  const hid_t file = H5Fopen((dir / "export.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const auto numbers = [file](const char* name) {
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    const hid_t space = H5Dget_space(dataset);
    std::vector<int64_t> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    H5Dread(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    H5Dclose(dataset);
    return values;
  };
  // Fields by name: distinct, empty, frames, retrieval, …: number 3 is "retrieval".
  const auto field = numbers("entries/field");
  const auto offset = numbers("entries/offset");
  const auto record = numbers("entries/record");
  std::vector<int64_t> offsets;
  for (std::size_t e = 0; e < field.size(); ++e) {
    if (field[e] == 3) {
      EXPECT_EQ(record[e], static_cast<int64_t>(offsets.size()));
      offsets.push_back(offset[e]);
    }
  }
  ASSERT_EQ(offsets.size(), 6U);
  for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(offsets[i], offsets[i - 1] + 8);
  const hid_t dataset = H5Dopen2(file, "values/float32", H5P_DEFAULT);
  const hid_t space = H5Dget_space(dataset);
  std::vector<float> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  for (int64_t i = 0; i < 6; ++i) {
    const at::Tensor expected = sample_record(i).fields.at("retrieval");
    for (int64_t j = 0; j < 8; ++j) {
      EXPECT_EQ(values[static_cast<std::size_t>(offsets[0] + 8 * i + j)],
                expected[j].item<float>());
    }
  }
  H5Sclose(space);
  H5Dclose(dataset);
  H5Fclose(file);
}

TEST(EmbeddingStore, HostProgramsErrorHandlerIsRestored) {
  const TempDir dir;
  H5E_auto2_t before = nullptr;
  void* data = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &before, &data);
  EmbeddingStore::open_writer(dir / "store")->append(sample_batch(0, 1));
  H5E_auto2_t after = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &after, &data);
  EXPECT_EQ(before, after);
}

TEST(EmbeddingStore, FieldsAreToldWithoutTheirValues) {
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  writer->append(sample_batch(0, 3));
  for (int64_t i = 0; i < 3; ++i) {
    const StoreRecord record = sample_record(i);
    const std::vector<FieldLayout> fields = writer->fields(sample_key(i));
    ASSERT_EQ(fields.size(), record.fields.size());
    auto expected = record.fields.begin();
    for (const FieldLayout& field : fields) {
      EXPECT_EQ(field.name, expected->first);
      EXPECT_EQ(field.dtype, expected->second.scalar_type()) << field.name;
      EXPECT_EQ(field.shape, expected->second.sizes().vec()) << field.name;
      ++expected;
    }
  }
  EXPECT_EQ(kind_thrown([&] { writer->fields(sample_key(9)); }), ErrorKind::kInput);
}

}  // namespace
}  // namespace physprobe

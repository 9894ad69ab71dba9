#pragma once
// Records whose content follows from a number, and comparison of stores with them.

#include "physprobe/core/hashing.h"
#include "physprobe/memory/embedding_store.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace physprobe::testing {

inline std::string sample_key(int64_t number) {
  return sha256_hex("record " + std::to_string(number));
}

/// Fields of every type, of shapes that differ from record to record.
inline StoreRecord sample_record(int64_t number) {
  StoreRecord record;
  record.key = sample_key(number);
  record.item_id = "clip/" + std::to_string(number / 2) + " ünï";
  record.space = number % 2 == 0 ? "v1@a" : "pixels@b";
  record.meta = "{\"number\":" + std::to_string(number) + "}";
  const int64_t steps = 3 + number % 4;
  record.fields["retrieval"] = at::arange(8, at::kFloat) * 0.25 + static_cast<double>(number);
  record.fields["steps/tap.3"] = at::arange(steps, at::kDouble) / 7.0 + static_cast<double>(number);
  record.fields["trajectory"] =
      at::arange(steps * 2, at::kFloat).reshape({steps, 2}) - static_cast<double>(number);
  record.fields["distinct"] = at::ones({steps}, at::kByte);
  record.fields["frames"] = at::arange(number, number + steps, at::kLong);
  if (number % 3 == 0) record.fields["empty"] = at::zeros({0, 5}, at::kFloat);
  if (number % 5 == 0) record.fields["scalar"] = at::scalar_tensor(number * 0.5, at::kDouble);
  return record;
}

inline std::vector<StoreRecord> sample_batch(int64_t begin, int64_t end) {
  std::vector<StoreRecord> batch;
  for (int64_t i = begin; i < end; ++i) batch.push_back(sample_record(i));
  return batch;
}

inline void expect_same(const StoreRecord& actual, const StoreRecord& expected) {
  EXPECT_EQ(actual.key, expected.key);
  EXPECT_EQ(actual.item_id, expected.item_id);
  EXPECT_EQ(actual.space, expected.space);
  EXPECT_EQ(actual.meta, expected.meta);
  ASSERT_EQ(actual.fields.size(), expected.fields.size());
  for (const auto& [name, tensor] : expected.fields) {
    ASSERT_EQ(actual.fields.count(name), 1U) << name;
    const at::Tensor& found = actual.fields.at(name);
    EXPECT_EQ(found.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(found, tensor)) << name;
  }
}

inline std::vector<std::string> keys_in_order(const EmbeddingStore& store) {
  std::vector<std::string> keys;
  store.for_each_key(
      [&](const std::string& key, const std::string&, const std::string&) { keys.push_back(key); });
  return keys;
}

/// The store holds exactly the records 0 … count-1, in this order and with this content.
inline void expect_holds_first(const EmbeddingStore& store, int64_t count) {
  ASSERT_EQ(store.size(), count);
  const std::vector<std::string> keys = keys_in_order(store);
  for (int64_t i = 0; i < count; ++i) {
    ASSERT_EQ(keys[static_cast<std::size_t>(i)], sample_key(i)) << "row " << i;
    expect_same(store.read(sample_key(i)), sample_record(i));
  }
}

}  // namespace physprobe::testing

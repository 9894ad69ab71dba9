#include "physprobe/core/parallel.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

Prefetcher<int>::Produce count_to(int end, std::atomic<int>* produced = nullptr) {
  return [next = 0, end, produced]() mutable -> std::optional<int> {
    if (produced != nullptr) ++*produced;
    if (next == end) return std::nullopt;
    return next++;
  };
}

TEST(Prefetcher, ResultsComeInOrderThenTheEnd) {
  for (const std::size_t capacity : {0u, 1u, 4u, 1000u}) {
    Prefetcher<int> prefetcher(count_to(100), capacity);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(prefetcher.next(), i);
    EXPECT_EQ(prefetcher.next(), std::nullopt);
    EXPECT_EQ(prefetcher.next(), std::nullopt);
  }
}

TEST(Prefetcher, SlowConsumerDoesNotGrowTheQueue) {
  std::atomic<int> produced{0};
  Prefetcher<int> prefetcher(count_to(100, &produced), 3);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(prefetcher.next(), i);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_LE(produced, i + 1 + 3);  // taken and waiting ones; nothing is produced for a full queue
  }
}

TEST(Prefetcher, WhatTheProducerThrowsArrivesAfterItsResults) {
  Prefetcher<int> prefetcher(
      [next = 0]() mutable -> std::optional<int> {
        if (next == 2) throw Error(ErrorKind::kInput, "clip 2", "cannot be decoded");
        return next++;
      },
      8);
  EXPECT_EQ(prefetcher.next(), 0);
  EXPECT_EQ(prefetcher.next(), 1);
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "clip 2", [&] { prefetcher.next(); }));
}

// V12: destruction never hangs, whether the queue is empty, full or the producer is at work.
TEST(Prefetcher, DestructionDoesNotWaitForTheEnd) {
  for (int taken = 0; taken < 3; ++taken) {
    Prefetcher<int> prefetcher([next = 0]() mutable -> std::optional<int> { return next++; }, 2);
    for (int i = 0; i < taken; ++i) ASSERT_EQ(prefetcher.next(), i);
  }
}

TEST(Prefetcher, MovesResultsThatCannotBeCopied) {
  Prefetcher<std::unique_ptr<int>> prefetcher(
      [done = false]() mutable -> std::optional<std::unique_ptr<int>> {
        if (done) return std::nullopt;
        done = true;
        return std::make_unique<int>(7);
      },
      2);
  const auto value = prefetcher.next();
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(**value, 7);
}

}  // namespace
}  // namespace physprobe

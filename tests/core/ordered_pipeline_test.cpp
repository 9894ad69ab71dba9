#include "physprobe/core/ordered_pipeline.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <omp.h>
#include <thread>
#include <vector>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;
using IntPipeline = OrderedPipeline<int, int>;

IntPipeline::Source numbers(int end) {
  return [next = 0, end]() mutable -> std::optional<int> {
    return next == end ? std::nullopt : std::optional<int>(next++);
  };
}

/// Work whose later items are often done before the earlier ones.
int in_uneven_time(int item) {
  std::this_thread::sleep_for(std::chrono::microseconds(item % 3 == 0 ? 400 : 20));
  return item;
}

TEST(OrderedPipeline, ResultsArriveInOrderForAnyThreads) {
  for (const int threads : {1, 2, 7}) {
    for (const int count : {0, 1, 2, 50}) {
      std::vector<int> arrived;
      IntPipeline(numbers(count), in_uneven_time, [&](int result) {
        arrived.push_back(result);
      }).run(threads, 8);
      ASSERT_EQ(arrived.size(), static_cast<std::size_t>(count)) << threads;
      for (int i = 0; i < count; ++i) EXPECT_EQ(arrived[static_cast<std::size_t>(i)], i);
    }
  }
}

TEST(OrderedPipeline, SourceAndSinkHaveOneCallerAtATimeAndWorkAtMostThese) {
  std::atomic<int> in_source{0}, in_work{0}, in_sink{0}, most_in_work{0};
  int next = 0;
  IntPipeline(
      [&]() -> std::optional<int> {
        EXPECT_EQ(++in_source, 1);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --in_source;
        return next == 60 ? std::nullopt : std::optional<int>(next++);
      },
      [&](int item) {
        const int now = ++in_work;
        int seen = most_in_work;
        while (now > seen && !most_in_work.compare_exchange_weak(seen, now)) {
        }
        in_uneven_time(item);
        --in_work;
        return item;
      },
      [&](int) {
        EXPECT_EQ(++in_sink, 1);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --in_sink;
      })
      .run(3, 8);
  EXPECT_LE(most_in_work, 3);
}

TEST(OrderedPipeline, ASlowItemDoesNotLetTheOthersPileUp) {
  std::atomic<int> taken{0};
  std::atomic<int> delivered{0};
  constexpr int kMost = 4;
  int next = 0;
  IntPipeline(
      [&]() -> std::optional<int> {
        EXPECT_LE(++taken - delivered, kMost);
        return next == 40 ? std::nullopt : std::optional<int>(next++);
      },
      [&](int item) {
        if (item % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
        return item;
      },
      [&](int) { ++delivered; })
      .run(2, kMost);
  EXPECT_EQ(delivered, 40);
}

TEST(OrderedPipeline, InTheCallerParallelRegionsAreLeftToTheWork) {
  std::vector<int> arrived;
  IntPipeline(
      numbers(3),
      [](int item) {
        EXPECT_EQ(omp_in_parallel(), 0);
        return item;
      },
      [&](int result) { arrived.push_back(result); })
      .run_in_caller();
  EXPECT_EQ(arrived, (std::vector<int>{0, 1, 2}));
}

TEST(OrderedPipeline, TheEarliestFailureIsRethrownAfterWhatCameBeforeIt) {
  const auto fail = [](int item) {
    throw Error(ErrorKind::kInput, "item " + std::to_string(item), "failed");
  };
  for (const int threads : {1, 2, 7}) {
    for (int repeat = 0; repeat < 10; ++repeat) {
      std::atomic<int> delivered{0};
      EXPECT_TRUE(throws_error(ErrorKind::kInput, "item 12", [&] {
        IntPipeline(
            numbers(100),
            [&](int item) {
              in_uneven_time(item);
              if (item >= 12) fail(item);
              return item;
            },
            [&](int) { ++delivered; })
            .run(threads, 8);
      })) << threads;
      EXPECT_EQ(delivered, 12) << threads;
      EXPECT_TRUE(throws_error(ErrorKind::kInput, "item 9", [&] {
        IntPipeline(
            numbers(100),
            [&](int item) {
              in_uneven_time(item);
              if (item == 11) fail(item);
              return item;
            },
            [&](int item) {
              if (item == 9) fail(item);
            })
            .run(threads, 8);
      })) << threads;
    }
  }
}

TEST(OrderedPipeline, WhatTheSourceThrowsArrivesAfterItsItems) {
  for (const int threads : {1, 2, 7}) {
    int delivered = 0;
    int next = 0;
    EXPECT_TRUE(throws_error(ErrorKind::kInput, "clip 5", [&] {
      IntPipeline(
          [&]() -> std::optional<int> {
            if (next == 5) throw Error(ErrorKind::kInput, "clip 5", "cannot be decoded");
            return next++;
          },
          in_uneven_time, [&](int) { ++delivered; })
          .run(threads, 8);
    })) << threads;
    EXPECT_EQ(delivered, 5) << threads;
  }
}

TEST(OrderedPipeline, MovesWhatCannotBeCopied) {
  int sum = 0;
  int next = 0;
  OrderedPipeline<std::unique_ptr<int>, std::unique_ptr<int>>(
      [&]() -> std::optional<std::unique_ptr<int>> {
        if (next == 10) return std::nullopt;
        return std::make_unique<int>(next++);
      },
      [](std::unique_ptr<int> item) { return item; },
      [&](std::unique_ptr<int> result) { sum += *result; })
      .run(2, 2);
  EXPECT_EQ(sum, 45);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/core/parallel.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <omp.h>
#include <sched.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <thread>
#include <vector>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

/// Values that need all bits of a float, without a global generator.
at::Tensor noise(int64_t rows, int64_t columns, double phase) {
  return at::sin(at::arange(rows * columns, at::kDouble).mul(0.7321).add(phase))
      .to(at::kFloat)
      .view({rows, columns});
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0;
}

TEST(ParallelFor, CallsEachIndexOnce) {
  for (const int threads : {0, 1, 2, 7}) {
    std::vector<std::atomic<int>> calls(1000);
    parallel_for(1000, threads, [&](int64_t i) { ++calls[static_cast<std::size_t>(i)]; });
    for (const auto& count : calls) ASSERT_EQ(count, 1);
  }
}

TEST(ParallelFor, NothingToDo) {
  parallel_for(0, 2, [](int64_t) { FAIL(); });
  parallel_for(-3, 2, [](int64_t) { FAIL(); });
}

TEST(ParallelFor, AtMostTheseManyAtATime) {
  for (const int threads : {1, 3}) {
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    parallel_for(60, threads, [&](int64_t) {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      --running;
    });
    EXPECT_LE(most, threads);
  }
}

TEST(ParallelFor, NegativeThreadsAreAUsageError) {
  EXPECT_TRUE(throws_error(ErrorKind::kUsage, "threads: is -1",
                           [] { parallel_for(1, -1, [](int64_t) {}); }));
}

TEST(ParallelFor, BlasAndLibTorchSeeASerialWorld) {
  for (const int threads : {1, 2, 7}) {
    for (const int64_t count : {1, 5}) {
      parallel_for(count, threads, [](int64_t) {
        EXPECT_TRUE(omp_in_parallel() != 0 || omp_get_max_threads() == 1);
        EXPECT_TRUE(at::in_parallel_region() || at::get_num_threads() == 1);
      });
    }
  }
}

TEST(ParallelFor, ThreadCountsAreAsBeforeAfterwards) {
  const int openmp_before = omp_get_max_threads();
  const int torch_before = at::get_num_threads();
  parallel_for(4, 1, [](int64_t) {});
  parallel_for(4, 3, [](int64_t) {});
  EXPECT_EQ(omp_get_max_threads(), openmp_before);
  EXPECT_EQ(at::get_num_threads(), torch_before);
}

// The contract every embedding relies on: a sample's bits depend neither on threads nor on its
// company.
TEST(ParallelFor, MatrixProductsHaveTheSameBitsForAnyThreadsAndCompany) {
  const at::Tensor weights = noise(384, 384, 0.25);
  const auto product = [&](int64_t i) {
    return at::mm(noise(197, 384, static_cast<double>(i)), weights);
  };
  std::vector<at::Tensor> alone(6);
  for (int64_t i = 0; i < 6; ++i) {
    parallel_for(1, 2, [&](int64_t) { alone[static_cast<std::size_t>(i)] = product(i); });
  }
  for (const int threads : {1, 2, 7}) {
    std::vector<at::Tensor> together(6);
    parallel_for(6, threads,
                 [&](int64_t i) { together[static_cast<std::size_t>(i)] = product(i); });
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_TRUE(same_bits(together[i], alone[i])) << threads << " " << i;
  }
}

TEST(ParallelFor, SumsAndSoftmaxHaveTheSameBits) {
  const at::Tensor values =
      noise(300, 5000, 0.5);  // large enough for LibTorch to split when it may
  const auto compute = [&] {
    return at::cat({at::softmax(values, 1).sum(0), values.sum().view({1})});
  };
  at::Tensor one, two, of_many;
  parallel_for(1, 1, [&](int64_t) { one = compute(); });
  parallel_for(1, 2, [&](int64_t) { two = compute(); });
  parallel_for(3, 7, [&](int64_t i) {
    at::Tensor result = compute();
    if (i == 1) of_many = result;
  });
  EXPECT_TRUE(same_bits(one, two));
  EXPECT_TRUE(same_bits(one, of_many));
}

TEST(ParallelFor, NestedLoopsStaySerialAndComplete) {
  std::atomic<int> calls{0};
  parallel_for(4, 2, [&](int64_t) {
    parallel_for(10, 4, [&](int64_t) {
      EXPECT_TRUE(omp_in_parallel() != 0 || omp_get_max_threads() == 1);
      ++calls;
    });
  });
  EXPECT_EQ(calls, 40);
}

TEST(ParallelFor, FromSeveralThreadsAtOnce) {
  std::atomic<int> calls{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] { parallel_for(50, 2, [&](int64_t) { ++calls; }); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(calls, 150);
}

TEST(ParallelFor, TheLowestFailingIndexIsRethrown) {
  for (const int threads : {1, 2, 7}) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      EXPECT_TRUE(throws_error(ErrorKind::kInput, "item 13", [&] {
        parallel_for(100, threads, [](int64_t i) {
          if (i == 13) std::this_thread::sleep_for(std::chrono::microseconds(300));
          if (i >= 13) throw Error(ErrorKind::kInput, "item " + std::to_string(i), "failed");
        });
      })) << threads;
    }
  }
}

TEST(ParallelFor, ForeignExceptionsKeepTheirType) {
  EXPECT_THROW(parallel_for(3, 2, [](int64_t) { throw std::out_of_range("x"); }),
               std::out_of_range);
}

TEST(ParallelFor, WorksAgainAfterAnException) {
  EXPECT_THROW(parallel_for(10, 2, [](int64_t) { throw std::runtime_error("x"); }),
               std::runtime_error);
  std::atomic<int> calls{0};
  parallel_for(10, 2, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 10);
}

TEST(ParallelFor, TheCallersGradModeHoldsInEveryCall) {
  const c10::NoGradGuard no_grad;
  std::atomic<int> enabled{0};
  parallel_for(20, 4, [&](int64_t) { enabled += c10::GradMode::is_enabled() ? 1 : 0; });
  EXPECT_EQ(enabled, 0);
}

class DefaultThreadCount : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* value = getenv("OMP_NUM_THREADS");
    was_set_ = value != nullptr;
    if (was_set_) before_ = value;
  }
  void TearDown() override {
    if (was_set_) {
      setenv("OMP_NUM_THREADS", before_.c_str(), 1);
    } else {
      unsetenv("OMP_NUM_THREADS");
    }
  }
  bool was_set_ = false;
  std::string before_;
};

TEST_F(DefaultThreadCount, FollowsTheEnvironment) {
  setenv("OMP_NUM_THREADS", "3", 1);
  EXPECT_EQ(default_thread_count(), 3);
  setenv("OMP_NUM_THREADS", "5,2", 1);
  EXPECT_EQ(default_thread_count(), 5);
}

TEST_F(DefaultThreadCount, OtherwiseCountsTheAllowedCpus) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  const int cpus = CPU_COUNT(&allowed);
  unsetenv("OMP_NUM_THREADS");
  EXPECT_EQ(default_thread_count(), cpus);
  for (const char* nonsense : {"", "many", "0", "-2", "3x"}) {
    setenv("OMP_NUM_THREADS", nonsense, 1);
    EXPECT_EQ(default_thread_count(), cpus) << nonsense;
  }
}

}  // namespace
}  // namespace physprobe

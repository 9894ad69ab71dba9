#include "physprobe/core/parallel.h"

#include "physprobe/core/error.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <limits>
#include <omp.h>
#include <sched.h>

namespace physprobe {

namespace {

/// The pthread build of OpenBLAS does not notice OpenMP regions, so it is told to use one thread
/// while at least one region of ours is open. With the OpenMP build, or another BLAS, this does
/// nothing.
class SingleThreadedPthreadBlas {
 public:
  SingleThreadedPthreadBlas() {
    if (!library().is_pthread_build) return;
    std::lock_guard<std::mutex> lock(library().mutex);
    if (library().regions++ == 0) {
      library().threads_before = library().get_threads();
      library().set_threads(1);
    }
  }
  ~SingleThreadedPthreadBlas() {
    if (!library().is_pthread_build) return;
    std::lock_guard<std::mutex> lock(library().mutex);
    if (--library().regions == 0) library().set_threads(library().threads_before);
  }
  SingleThreadedPthreadBlas(const SingleThreadedPthreadBlas&) = delete;
  SingleThreadedPthreadBlas& operator=(const SingleThreadedPthreadBlas&) = delete;

 private:
  struct Library {
    using GetInt = int (*)();
    using SetInt = void (*)(int);
    Library() {
      const auto parallel_kind =
          reinterpret_cast<GetInt>(dlsym(RTLD_DEFAULT, "openblas_get_parallel"));
      get_threads = reinterpret_cast<GetInt>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
      set_threads = reinterpret_cast<SetInt>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
      constexpr int kPthreads = 1;  // openblas_get_parallel: 0 sequential, 1 pthreads, 2 OpenMP
      is_pthread_build = parallel_kind != nullptr && get_threads != nullptr &&
                         set_threads != nullptr && parallel_kind() == kPthreads;
    }
    bool is_pthread_build = false;
    GetInt get_threads = nullptr;
    SetInt set_threads = nullptr;
    std::mutex mutex;
    int64_t regions = 0;
    int threads_before = 1;
  };
  static Library& library() {
    static Library instance;
    return instance;
  }
};

}  // namespace

int default_thread_count() {
  // OMP_NUM_THREADS may be a list, one number per nesting level; the first is ours.
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    int value = 0;
    const char* end = text + std::strlen(text);
    const auto parsed = std::from_chars(text, end, value);
    if (parsed.ec == std::errc() && value > 0 && (parsed.ptr == end || *parsed.ptr == ',')) {
      return value;
    }
  }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    const int count = CPU_COUNT(&allowed);
    if (count > 0) return count;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void parallel_loop(int64_t count,
                   int threads,
                   const std::function<void(int64_t)>& body,
                   const std::function<std::shared_ptr<void>()>& enter_thread) {
  if (threads < 0) {
    throw Error(ErrorKind::kUsage, "threads",
                "is " + std::to_string(threads) + ", expected 0 (automatic) or more");
  }
  if (count <= 0) return;
  if (threads == 0) threads = default_thread_count();
  const int workers = static_cast<int>(std::min<int64_t>(threads, count));
  // A region of one thread is not "in parallel" to OpenMP, and BLAS and LibTorch would then use all
  // threads: so there are at least two, of which those past `workers` do nothing.
  const int team = std::max(2, workers);

  const SingleThreadedPthreadBlas single_threaded_blas;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  int64_t failed_index = std::numeric_limits<int64_t>::max();
  std::exception_ptr failure;

#pragma omp parallel num_threads(team)
  {
    const std::shared_ptr<void> state = enter_thread ? enter_thread() : nullptr;
    // Covers the case that OpenMP grants a single thread (thread limit). The number is forgotten at
    // the region's end.
    omp_set_num_threads(1);
    if (omp_get_thread_num() < workers) {
      for (int64_t i = next++; i < count; i = next++) {
        try {
          body(i);
        } catch (...) {
          // Items are handed out in order: all before `i` are finished or running, none is missed.
          next = count;
          std::lock_guard<std::mutex> lock(mutex);
          if (i < failed_index) {
            failed_index = i;
            failure = std::current_exception();
          }
        }
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace physprobe

#pragma once
// The only place with threads. Exceptions thrown by workers are captured and rethrown in the
// caller.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace physprobe {

/// Number of threads used when an option says 0: OMP_NUM_THREADS, else the CPUs this process may
/// use.
int default_thread_count();

/// Calls `body(i)` for i in [0, count), at most `threads` at a time (0 = default_thread_count()).
/// Each call runs on one thread whose BLAS and OpenMP are single-threaded, so `body` computes the
/// same bits for any `threads`. Always enters a parallel region, also for one item or one thread:
/// the BLAS must not choose another split for a lone item. `enter_thread`, if given, is called in
/// every thread of the region first; what it returns lives until that thread's last item is done.
/// Of several exceptions the one of the lowest index is rethrown; items after a failed one may be
/// left out. Throws Error(kUsage) if `threads` is negative.
void parallel_loop(int64_t count,
                   int threads,
                   const std::function<void(int64_t)>& body,
                   const std::function<std::shared_ptr<void>()>& enter_thread = {});

/// parallel_loop for a `body` that computes with tensors: LibTorch, too, is single-threaded in each
/// call, and the caller's LibTorch state (grad and inference mode) holds there.
void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body);

/// Runs `produce` on its own thread and keeps at most `capacity` results ahead of the consumer
/// (bounded memory). Destruction stops the producer after the result it is working on.
template <typename T>
class Prefetcher {
 public:
  using Produce = std::function<std::optional<T>()>;  ///< nullopt ends the stream.

  Prefetcher(Produce produce, std::size_t capacity)
      : produce_(std::move(produce)),
        capacity_(capacity == 0 ? 1 : capacity),
        worker_([this] { run(); }) {}
  ~Prefetcher() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next result in order, nullopt at the end; rethrows what the producer threw.
  std::optional<T> next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !queue_.empty() || finished_; });
    if (queue_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return std::nullopt;
    }
    T value = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return value;
  }

 private:
  void run() {
    std::exception_ptr error;
    try {
      while (true) {
        {
          std::unique_lock<std::mutex> lock(mutex_);
          changed_.wait(lock, [this] { return queue_.size() < capacity_ || stopping_; });
          if (stopping_) break;
        }
        std::optional<T> value = produce_();
        if (!value) break;
        {
          std::lock_guard<std::mutex> lock(mutex_);
          queue_.push_back(std::move(*value));
        }
        changed_.notify_all();
      }
    } catch (...) {
      error = std::current_exception();
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      finished_ = true;
      error_ = error;
    }
    changed_.notify_all();
  }

  Produce produce_;
  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> queue_;
  bool stopping_ = false;
  bool finished_ = false;
  std::exception_ptr error_;
  std::thread worker_;  // last: starts when everything above exists
};

}  // namespace physprobe

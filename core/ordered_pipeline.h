#pragma once
// A stream of items worked on by several threads, its results handed on in the stream's order: no
// thread waits for the others at the end of a batch, and what is accumulated has the same bits for
// any number of threads.

#include "physprobe/core/parallel.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace physprobe {

/// `source` gives items until nullopt, `work` turns an item into a result, `sink` takes the results
/// in the items' order. `source` and `sink` are called by one thread at a time. What one of them
/// throws ends the stream and is rethrown; of several exceptions that of the earliest item, after
/// all results before it reached `sink`.
template <typename Item, typename Result>
class OrderedPipeline {
 public:
  using Source = std::function<std::optional<Item>()>;
  using Work = std::function<Result(Item)>;
  using Sink = std::function<void(Result)>;

  OrderedPipeline(Source source, Work work, Sink sink)
      : source_(std::move(source)), work_(std::move(work)), sink_(std::move(sink)) {}

  /// `work` is called by up to `threads` (at least 1) threads, as parallel_for calls its body. At
  /// most `most_in_flight` items (at least `threads`) have left `source` and not yet reached the
  /// end of `sink`.
  void run(int threads, int64_t most_in_flight) {
    most_in_flight_ = std::max<int64_t>(threads, most_in_flight);
    parallel_for(threads, threads, [this](int64_t) { work_through(); });
    if (failure_) std::rethrow_exception(failure_);
  }

  /// Everything in the caller and outside any parallel region: for work with threads of its own.
  void run_in_caller() {
    while (std::optional<Item> item = source_()) sink_(work_(std::move(*item)));
  }

 private:
  void work_through() {
    int64_t index = 0;
    try {
      while (std::optional<Item> item = take(index)) deliver(index, work_(std::move(*item)));
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      note_failure(index, std::current_exception());
    }
  }

  std::optional<Item> take(int64_t& index) {
    const std::lock_guard<std::mutex> one_at_a_time(source_mutex_);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return is_ended_ || taken_ - delivered_ < most_in_flight_; });
      if (is_ended_) return std::nullopt;
      index = taken_++;
    }
    std::optional<Item> item = source_();
    if (!item) {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_ended_ = true;
    }
    return item;
  }

  /// What comes before the earliest failure is handed on, whatever fails first.
  bool is_wanted(int64_t index) const { return !failure_ || index < failed_index_; }

  /// A result waits for those before it; whoever brings the one that is due hands all on.
  void deliver(int64_t index, Result result) {
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_.emplace(index, std::move(result));
    if (is_delivering_) return;
    is_delivering_ = true;
    while (!waiting_.empty() && waiting_.begin()->first == delivered_ && is_wanted(delivered_)) {
      Result due = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      lock.unlock();
      std::exception_ptr failure;
      try {
        sink_(std::move(due));
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure) note_failure(delivered_, std::move(failure));
      ++delivered_;
      changed_.notify_all();
    }
    is_delivering_ = false;
  }

  void note_failure(int64_t index, std::exception_ptr failure) {
    is_ended_ = true;
    if (!failure_ || index < failed_index_) {
      failed_index_ = index;
      failure_ = std::move(failure);
    }
    changed_.notify_all();
  }

  Source source_;
  Work work_;
  Sink sink_;
  int64_t most_in_flight_ = 1;
  std::mutex source_mutex_;
  std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  int64_t taken_ = 0;
  int64_t delivered_ = 0;
  std::map<int64_t, Result> waiting_;
  bool is_delivering_ = false;
  bool is_ended_ = false;
  int64_t failed_index_ = 0;
  std::exception_ptr failure_;
};

}  // namespace physprobe

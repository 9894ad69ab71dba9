#pragma once
// The number of threads that calls without one of their own use, set for a while.

#include <cstdlib>
#include <string>

namespace physprobe::testing {

class ThreadCount {
 public:
  explicit ThreadCount(int count) {
    const char* const before = std::getenv("OMP_NUM_THREADS");
    if (before != nullptr) before_ = before;
    setenv("OMP_NUM_THREADS", std::to_string(count).c_str(), 1);
  }
  ~ThreadCount() {
    if (before_.empty()) {
      unsetenv("OMP_NUM_THREADS");
    } else {
      setenv("OMP_NUM_THREADS", before_.c_str(), 1);
    }
  }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  std::string before_;
};

}  // namespace physprobe::testing

#include "physprobe/core/parallel.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

namespace physprobe {

void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body) {
  const at::ThreadLocalState caller_state;
  parallel_loop(count, threads, body, [&caller_state]() -> std::shared_ptr<void> {
    // LibTorch sets a thread's number of threads when that thread first asks for it: asked before
    // the loop sets it to one.
    at::get_num_threads();
    return std::make_shared<at::ThreadLocalStateGuard>(caller_state);
  });
}

}  // namespace physprobe

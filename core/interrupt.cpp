#include "physprobe/core/interrupt.h"

#include <atomic>
#include <signal.h>
#include <unistd.h>

namespace physprobe {

namespace {

std::atomic<int> received_signal{0};
std::atomic<int> sigint_count{0};
static_assert(std::atomic<int>::is_always_lock_free, "signal handlers may only touch such atomics");

extern "C" void on_interrupt(int signal_number) {
  if (signal_number == SIGINT && sigint_count.fetch_add(1) > 0) _exit(130);
  int none = 0;
  received_signal.compare_exchange_strong(none, signal_number);
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal_number : {SIGINT, SIGTERM, SIGUSR1}) {
    sigaction(signal_number, &action, nullptr);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, nullptr);
}

int interrupt_signal() {
  return received_signal.load();
}

int interrupt_exit_code(int signal_number) {
  return signal_number == SIGINT ? 130 : 143;
}

void clear_interrupt() {
  received_signal.store(0);
  sigint_count.store(0);
}

}  // namespace physprobe

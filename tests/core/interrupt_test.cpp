#include "physprobe/core/interrupt.h"

#include <cerrno>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace physprobe {
namespace {

/// Handlers are the process's: each test leaves them as it found them.
class Interrupt : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 4; ++i) sigaction(kSignals[i], nullptr, &before_[i]);
    clear_interrupt();
    install_interrupt_handlers();
  }
  void TearDown() override {
    clear_interrupt();
    for (int i = 0; i < 4; ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  static constexpr int kSignals[4] = {SIGINT, SIGTERM, SIGUSR1, SIGPIPE};
  struct sigaction before_[4];
};

TEST_F(Interrupt, NoneAtFirst) {
  EXPECT_EQ(interrupt_signal(), 0);
}

TEST_F(Interrupt, TheFirstSignalIsRemembered) {
  raise(SIGTERM);
  EXPECT_EQ(interrupt_signal(), SIGTERM);
  raise(SIGUSR1);
  EXPECT_EQ(interrupt_signal(), SIGTERM);
  clear_interrupt();
  EXPECT_EQ(interrupt_signal(), 0);
  raise(SIGUSR1);
  EXPECT_EQ(interrupt_signal(), SIGUSR1);
}

TEST_F(Interrupt, ExitCodes) {
  EXPECT_EQ(interrupt_exit_code(SIGINT), 130);
  EXPECT_EQ(interrupt_exit_code(SIGTERM), 143);
  EXPECT_EQ(interrupt_exit_code(SIGUSR1), 143);
}

TEST_F(Interrupt, SecondSigintEndsTheProcessAtOnce) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    raise(SIGINT);
    if (interrupt_signal() != SIGINT) _exit(1);
    raise(SIGINT);
    _exit(2);  // not reached
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST_F(Interrupt, AClosedPipeIsAnErrorCodeNotASignal) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace physprobe

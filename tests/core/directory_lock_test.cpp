#include "physprobe/core/directory_lock.h"

#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <filesystem>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::TempDir;
using testing::throws_error;

// S5: a second writer is told who holds the directory.
TEST(DirectoryLock, SecondHolderIsRefusedNamingTheFirst) {
  const TempDir dir;
  const DirectoryLock lock(dir.path());
  const std::string holder = "pid " + std::to_string(getpid()) + " since ";
  EXPECT_TRUE(throws_error(ErrorKind::kResource, holder, [&] { DirectoryLock(dir.path()); }));
  EXPECT_TRUE(throws_error(ErrorKind::kResource, dir.path(), [&] { DirectoryLock(dir.path()); }));
}

TEST(DirectoryLock, ReleasedLockLeavesNoFileAndCanBeTakenAgain) {
  const TempDir dir;
  {
    const DirectoryLock lock(dir.path());
    EXPECT_TRUE(std::filesystem::exists(dir / "LOCK"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "LOCK"));
  EXPECT_NO_THROW(DirectoryLock(dir.path()));
}

TEST(DirectoryLock, NamesHostPidAndTime) {
  const TempDir dir;
  const DirectoryLock lock(dir.path());
  const std::string text = read_file(dir / "LOCK");
  EXPECT_EQ(text.rfind("host ", 0), 0u) << text;
  EXPECT_NE(text.find(" pid " + std::to_string(getpid())), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 2), "Z\n") << text;
}

// S5: the lock of a process that died is taken over, although its file is still there.
TEST(DirectoryLock, LockOfAKilledProcessIsTakenOver) {
  const TempDir dir;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const DirectoryLock lock(dir.path());
    if (write(ends[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char ready = 0;
  ASSERT_EQ(read(ends[0], &ready, 1), 1);
  close(ends[0]);
  close(ends[1]);
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "pid " + std::to_string(child),
                           [&] { DirectoryLock(dir.path()); }));
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(std::filesystem::exists(dir / "LOCK"));
  const DirectoryLock lock(dir.path());
  EXPECT_NE(read_file(dir / "LOCK").find("pid " + std::to_string(getpid())), std::string::npos);
}

TEST(DirectoryLock, MissingDirectoryIsAResourceError) {
  const TempDir dir;
  EXPECT_TRUE(
      throws_error(ErrorKind::kResource, "No such file", [&] { DirectoryLock(dir / "missing"); }));
}

}  // namespace
}  // namespace physprobe

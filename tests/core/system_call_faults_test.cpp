// System calls that fail, are interrupted or do less than asked, injected by standing in for the C
// library's: no real disk does this on demand.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/directory_lock.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <dlfcn.h>
#include <filesystem>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "core/expect_error.h"

namespace {

/// What the next calls of this thread meet; all zero means the real thing.
struct Faults {
  int interruptions = 0;       ///< So many calls of any kind end with EINTR first.
  std::size_t most_bytes = 0;  ///< A write takes at most so many bytes.
  int good_fsyncs = 0;         ///< So many succeed before `fsync_code` is met.
  int fsync_code = 0;
  int close_code = 0;
  int flock_code = 0;
};

thread_local Faults faults;
thread_local bool is_watching = false;

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool is_interrupted() {
  if (!is_watching || faults.interruptions == 0) return false;
  --faults.interruptions;
  errno = EINTR;
  return true;
}

int failed(int code) {
  errno = code;
  return -1;
}

}  // namespace

extern "C" ssize_t write(int descriptor, const void* data, std::size_t count) {
  static const auto system_write = real<ssize_t (*)(int, const void*, std::size_t)>("write");
  if (is_interrupted()) return -1;
  const bool is_short = is_watching && faults.most_bytes > 0 && count > faults.most_bytes;
  return system_write(descriptor, data, is_short ? faults.most_bytes : count);
}

extern "C" int fsync(int descriptor) {
  static const auto system_fsync = real<int (*)(int)>("fsync");
  if (is_interrupted()) return -1;
  if (is_watching && faults.fsync_code != 0 && faults.good_fsyncs-- == 0) {
    return failed(faults.fsync_code);
  }
  return system_fsync(descriptor);
}

extern "C" int close(int descriptor) {
  static const auto system_close = real<int (*)(int)>("close");
  const int status = system_close(descriptor);
  return is_watching && faults.close_code != 0 ? failed(faults.close_code) : status;
}

extern "C" int flock(int descriptor, int operation) noexcept {
  static const auto system_flock = real<int (*)(int, int)>("flock");
  if (is_interrupted()) return -1;
  if (is_watching && faults.flock_code != 0) return failed(faults.flock_code);
  return system_flock(descriptor, operation);
}

namespace physprobe {
namespace {

using testing::throws_error;

class SystemCallFaults : public ::testing::Test {
 protected:
  /// Runs `action` under these faults.
  template <typename Action>
  static void under(const Faults& wanted, const Action& action) {
    faults = wanted;
    is_watching = true;
    try {
      action();
    } catch (...) {
      is_watching = false;
      throw;
    }
    is_watching = false;
  }
  ::testing::AssertionResult refused(const Faults& wanted, const std::string& part) {
    return throws_error(ErrorKind::kResource, part,
                        [&] { under(wanted, [&] { write_file_atomic(path_, "new content"); }); });
  }
  int files() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      count += entry.exists() ? 1 : 0;
    }
    return count;
  }
  testing::TempDir dir_;
  std::string path_ = dir_ / "file";
};

TEST_F(SystemCallFaults, InterruptedAndShortWritesAreContinued) {  // S4
  Faults wanted;
  wanted.interruptions = 3;
  wanted.most_bytes = 2;
  under(wanted, [&] { write_file_atomic(path_, "new content"); });
  EXPECT_EQ(read_file(path_), "new content");
  under(wanted, [&] { AppendFile(path_).append("\nline\n"); });
  EXPECT_EQ(read_file(path_), "\nline\n");  // the torn first line was cut off
}

TEST_F(SystemCallFaults, FailingFsyncKeepsTheOldContent) {  // S4
  write_file_atomic(path_, "old content");
  Faults wanted;
  wanted.fsync_code = EIO;
  EXPECT_TRUE(refused(wanted, path_ + ": cannot flush to disk"));
  EXPECT_EQ(read_file(path_), "old content");
  EXPECT_EQ(files(), 1);
}

TEST_F(SystemCallFaults, FailingCloseKeepsTheOldContent) {  // S4
  write_file_atomic(path_, "old content");
  Faults wanted;
  wanted.close_code = EDQUOT;
  EXPECT_TRUE(refused(wanted, "cannot close"));
  EXPECT_TRUE(refused(wanted, "free some space"));
  EXPECT_EQ(read_file(path_), "old content");
  EXPECT_EQ(files(), 1);
}

TEST_F(SystemCallFaults, AnInterruptedCloseHasClosed) {  // S4
  Faults wanted;
  wanted.close_code = EINTR;
  under(wanted, [&] { write_file_atomic(path_, "new content"); });
  EXPECT_EQ(read_file(path_), "new content");
}

TEST_F(SystemCallFaults, FailingFsyncOfTheFolderIsReported) {  // S4: the rename may not survive
  write_file_atomic(path_, "old content");
  Faults wanted;
  wanted.good_fsyncs = 1;
  wanted.fsync_code = EIO;
  EXPECT_TRUE(refused(wanted, dir_.path()));
  EXPECT_EQ(read_file(path_), "new content");
  EXPECT_EQ(files(), 1);
}

TEST_F(SystemCallFaults, FileSystemsWithoutLocksAreNamedAsSuch) {  // S9
  for (const int code : {ENOLCK, EOPNOTSUPP}) {
    Faults wanted;
    wanted.flock_code = code;
    EXPECT_TRUE(throws_error(ErrorKind::kResource, "does not support locks",
                             [&] { under(wanted, [&] { DirectoryLock lock(dir_.path()); }); }));
  }
  Faults interrupted;
  interrupted.interruptions = 2;
  under(interrupted, [&] { DirectoryLock lock(dir_.path()); });
}

}  // namespace
}  // namespace physprobe

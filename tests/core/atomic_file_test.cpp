#include "physprobe/core/atomic_file.h"

#include "support/temp_dir.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using ::testing::ElementsAre;
using testing::TempDir;
using testing::throws_error;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Makes every write past `bytes` of a file fail (EFBIG, after a short write), as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_before_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_before_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_before_)(int) = nullptr;
};

TEST(AtomicFile, ReplacesContentAndLeavesNothingElse) {
  const TempDir dir;
  write_file_atomic(dir / "a.json", "old");
  write_file_atomic(dir / "a.json", std::string("new\0 content", 12));
  EXPECT_EQ(read_file(dir / "a.json"), std::string("new\0 content", 12));
  EXPECT_THAT(names_in(dir.path()), ElementsAre("a.json"));
}

TEST(AtomicFile, EmptyContent) {
  const TempDir dir;
  write_file_atomic(dir / "empty", "");
  EXPECT_EQ(read_file(dir / "empty"), "");
}

TEST(AtomicFile, RelativePathWithoutDirectory) {
  const TempDir dir;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  write_file_atomic("plain", "x");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_file(dir / "plain"), "x");
}

TEST(AtomicFile, WithoutCommitTheOldFileStays) {
  const TempDir dir;
  write_file_atomic(dir / "a", "old");
  {
    AtomicFile file(dir / "a");
    file.write("half of the n");
    EXPECT_EQ(read_file(dir / "a"), "old");
  }
  EXPECT_EQ(read_file(dir / "a"), "old");
  EXPECT_THAT(names_in(dir.path()), ElementsAre("a"));
}

TEST(AtomicFile, UseAfterCommitIsABug) {
  const TempDir dir;
  AtomicFile file(dir / "a");
  file.commit();
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "after its commit", [&] { file.write("x"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInternal, "committed twice", [&] { file.commit(); }));
}

TEST(AtomicFile, FollowsASymbolicLinkInsteadOfReplacingIt) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "real");
  write_file_atomic(dir / "real/target", "old");
  std::filesystem::create_symlink(dir / "real/target", dir / "link");
  write_file_atomic(dir / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(dir / "link"));
  EXPECT_EQ(read_file(dir / "real/target"), "new");
}

TEST(AtomicFile, NeverReplacesADeviceOrADirectory) {
  const TempDir dir;
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "not a regular file",
                           [] { write_file_atomic("/dev/full", "x"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "is a directory",
                           [&] { write_file_atomic(dir.path(), "x"); }));
}

TEST(AtomicFile, MissingDirectoryIsAResourceError) {
  const TempDir dir;
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "No such file or directory",
                           [&] { write_file_atomic(dir / "missing/a", "x"); }));
}

TEST(AtomicFile, ReadOnlyDirectoryIsAResourceError) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may write into read-only directories";
  const TempDir dir;
  std::filesystem::create_directory(dir / "sealed");
  chmod((dir / "sealed").c_str(), 0500);
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "Permission denied",
                           [&] { write_file_atomic(dir / "sealed/a", "x"); }));
  chmod((dir / "sealed").c_str(), 0700);
}

TEST(AtomicFile, NamesWithSpacesAndUtf8) {
  const TempDir dir;
  const std::string path = dir / "Stöße und Fälle – 落下.json";
  write_file_atomic(path, "x");
  EXPECT_EQ(read_file(path), "x");
}

TEST(AtomicFile, TooLongNameIsAResourceErrorThatShowsIt) {
  const TempDir dir;
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "name too long",
                           [&] { write_file_atomic(dir / std::string(300, 'n'), "x"); }));
}

// S3: whatever byte the disk fills up at, the old state is intact and nothing is left behind.
TEST(AtomicFile, DiskFullAtEveryByteKeepsTheOldContent) {
  const TempDir dir;
  const std::string content = "{\"new\": \"content of 32 bytes\"}\n";
  write_file_atomic(dir / "a", "old");
  for (rlim_t limit = 0; limit < content.size(); ++limit) {
    {
      const FileSizeLimit full(limit);
      EXPECT_TRUE(throws_error(ErrorKind::kResource, "cannot write", [&] {
        write_file_atomic(dir / "a", content);
      })) << limit;
    }
    ASSERT_EQ(read_file(dir / "a"), "old") << limit;
    ASSERT_THAT(names_in(dir.path()), ElementsAre("a")) << limit;
  }
  const FileSizeLimit just_enough(content.size());
  write_file_atomic(dir / "a", content);
  EXPECT_EQ(read_file(dir / "a"), content);
}

TEST(CommitFile, RenamesAnExistingFile) {
  const TempDir dir;
  const std::string temporary = temporary_sibling(dir / "a");
  std::ofstream(temporary) << "made by a library";
  commit_file(temporary, dir / "a");
  EXPECT_EQ(read_file(dir / "a"), "made by a library");
  EXPECT_THAT(names_in(dir.path()), ElementsAre("a"));
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "No such file",
                           [&] { commit_file(dir / "missing", dir / "b"); }));
}

TEST(TemporarySibling, NamesAreDistinctAndBesideTheFile) {
  const std::string first = temporary_sibling("/somewhere/a");
  EXPECT_EQ(first.rfind("/somewhere/a.tmp-" + std::to_string(getpid()) + "-", 0), 0u);
  EXPECT_NE(first, temporary_sibling("/somewhere/a"));
}

// S2: what a killed process left is removed by the next one, and only that.
TEST(RequireRoom, TakesNothingAndRefusesWhatDoesNotFit) {
  const TempDir dir;
  const std::string temporary = temporary_sibling(dir / "a");
  require_room(temporary, dir / "a", 1 << 20);
  EXPECT_EQ(std::filesystem::file_size(temporary), 0U);
  constexpr uint64_t kMoreThanAnyDisk = uint64_t{1} << 58;
  EXPECT_TRUE(throws_error(ErrorKind::kResource, (dir / "a") + ": cannot reserve",
                           [&] { require_room(temporary, dir / "a", kMoreThanAnyDisk); }));
  EXPECT_EQ(std::filesystem::file_size(temporary), 0U);
}

TEST(LeftoverTemporaries, OnlyThoseOfDeadProcessesAreRemoved) {
  const TempDir dir;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const AtomicFile file(dir / "a");
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(names_in(dir.path()).size(), 1u);
  const AtomicFile ours(dir / "mine");
  const std::string dead = std::to_string(child);
  for (const std::string& name : {std::string("user.tmp-file"), "x.tmp-" + dead,
                                  "x.tmp-" + dead + "-1.bak", ".tmp-" + dead + "-1"}) {
    std::ofstream(dir / name) << "of the user";
  }
  EXPECT_EQ(remove_leftover_temporaries(dir.path()), 1);
  EXPECT_EQ(names_in(dir.path()).size(), 5u);
  EXPECT_EQ(remove_leftover_temporaries(dir.path()), 0);
  create_directories(dir / ("pages.tmp-" + dead + "-3/00"));
  std::ofstream(dir / ("pages.tmp-" + dead + "-3/00/a.html")) << "half";
  create_directories(temporary_sibling(dir / "pages"));
  // As a container's first process leaves it: its successor has the same id.
  create_directories(dir / ("pages.tmp-" + std::to_string(getpid()) + "-3"));
  EXPECT_EQ(remove_leftover_temporaries(dir.path()), 2) << "folders with what is in them";
  EXPECT_EQ(names_in(dir.path()).size(), 6u) << "the folder of this process stays";
  create_directories(dir / "media/90");
  std::ofstream(dir / ("media/90/x.jpg.tmp-" + dead + "-7")) << "half";
  std::ofstream(dir / "media/90/y.jpg") << "whole";
  EXPECT_EQ(remove_leftover_temporaries_below(dir.path()), 1);
  EXPECT_EQ(names_in(dir / "media/90"), std::vector<std::string>{"y.jpg"});
  EXPECT_EQ(remove_leftover_temporaries_below(dir / "missing"), 0);
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "cannot be listed",
                           [&] { remove_leftover_temporaries(dir / "missing"); }));
}

TEST(ReadFile, RefusesWhatIsNoFileOrTooLarge) {
  const TempDir dir;
  write_file_atomic(dir / "ten", "0123456789");
  EXPECT_EQ(read_file(dir / "ten", 10), "0123456789");
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "has 10 bytes, expected at most 9",
                           [&] { read_file(dir / "ten", 9); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "does not exist", [&] { read_file(dir / "no"); }));
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "is a directory", [&] { read_file(dir.path()); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "NUL byte", [&] { read_file(std::string("a\0b", 3)); }));
}

TEST(ReadFile, WithoutPermission) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may read every file";
  const TempDir dir;
  write_file_atomic(dir / "secret", "x");
  chmod((dir / "secret").c_str(), 0);
  EXPECT_TRUE(
      throws_error(ErrorKind::kInput, "Permission denied", [&] { read_file(dir / "secret"); }));
}

TEST(ReadFile, OutOfDescriptorsIsAResourceError) {
  const TempDir dir;
  write_file_atomic(dir / "a", "x");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit limit = before;
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto outcome =
      throws_error(ErrorKind::kResource, "Too many open files", [&] { read_file(dir / "a"); });
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(outcome);
}

TEST(CreateDirectories, ParentsAndAgain) {
  const TempDir dir;
  create_directories(dir / "a/b/c");
  create_directories(dir / "a/b/c");
  EXPECT_TRUE(std::filesystem::is_directory(dir / "a/b/c"));
  write_file_atomic(dir / "file", "");
  EXPECT_TRUE(
      throws_error(ErrorKind::kResource, "file", [&] { create_directories(dir / "file"); }));
  EXPECT_TRUE(
      throws_error(ErrorKind::kResource, "file/x", [&] { create_directories(dir / "file/x"); }));
}

TEST(FsyncPath, FilesDirectoriesAndNothing) {
  const TempDir dir;
  write_file_atomic(dir / "a", "x");
  EXPECT_NO_THROW(fsync_path(dir / "a"));
  EXPECT_NO_THROW(fsync_path(dir.path()));
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "No such file", [&] { fsync_path(dir / "no"); }));
}

TEST(AppendFile, AppendsAcrossReopening) {
  const TempDir dir;
  AppendFile(dir / "log").append("one\n");
  AppendFile(dir / "log").append("two\nthree\n");
  EXPECT_EQ(read_file(dir / "log"), "one\ntwo\nthree\n");
}

TEST(AppendFile, CutsATornLastLineOff) {
  const TempDir dir;
  for (const std::string& torn : {std::string("tor"), std::string(200'000, 't')}) {
    write_file_atomic(dir / "log", "one\n" + torn);
    AppendFile(dir / "log").append("two\n");
    EXPECT_EQ(read_file(dir / "log"), "one\ntwo\n");
  }
  write_file_atomic(dir / "log", "only a torn line");
  AppendFile(dir / "log").append("one\n");
  EXPECT_EQ(read_file(dir / "log"), "one\n");
}

// S3: a line that does not fit is taken back whole, at whatever byte the disk is full.
TEST(AppendFile, DiskFullAtEveryByteKeepsTheWholeLines) {
  const TempDir dir;
  const std::string line = "{\"id\":\"a\"}\n";
  AppendFile file(dir / "log");
  file.append(line);
  for (rlim_t room = 0; room < line.size(); ++room) {
    const FileSizeLimit full(line.size() + room);
    EXPECT_TRUE(throws_error(ErrorKind::kResource, "cannot write", [&] { file.append(line); }));
    ASSERT_EQ(read_file(dir / "log"), line) << room;
  }
  file.append(line);
  EXPECT_EQ(read_file(dir / "log"), line + line);
}

TEST(AppendFile, FullDeviceIsAResourceError) {
  AppendFile file("/dev/full");
  EXPECT_TRUE(throws_error(ErrorKind::kResource, "No space left on device",
                           [&] { file.append("line\n"); }));
}

// S1: what append acknowledged is there after SIGKILL at any moment, once, in order.
TEST(AppendFile, KilledWriterLosesNothingAcknowledged) {
  const TempDir dir;
  int next = 0;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      AppendFile file(dir / "log");
      for (int i = next;; ++i) {
        file.append(std::to_string(i) + "\n");
        if (write(ends[1], &i, sizeof(i)) != sizeof(i)) _exit(1);
      }
    }
    close(ends[1]);
    int acknowledged = -1;
    for (int i = 0; i <= round % 5; ++i) {
      ASSERT_EQ(read(ends[0], &acknowledged, sizeof(acknowledged)), ssize_t{sizeof(acknowledged)});
    }
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    int later = 0;
    while (read(ends[0], &later, sizeof(later)) == ssize_t{sizeof(later)}) acknowledged = later;
    close(ends[0]);
    AppendFile(dir / "log");  // the next process's start
    std::ifstream lines(dir / "log");
    int value = 0, count = 0;
    while (lines >> value) ASSERT_EQ(value, count++);
    ASSERT_GE(count, acknowledged + 1);
    ASSERT_LE(count, acknowledged + 2);  // at most the line that was under way
    next = count;
  }
}

}  // namespace
}  // namespace physprobe

// What survives: kills at random moments, full disks, flipped bytes, readers during writing.

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/memory/embedding_store.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "store_samples.h"

namespace physprobe {
namespace {

using testing::expect_holds_first;
using testing::sample_batch;
using testing::sample_key;
using testing::TempDir;

constexpr int64_t kBatch = 3;

/// Continues the store where it ends and writes the number of rows after each acknowledged batch to
/// a pipe.
[[noreturn]] void append_until_killed(const std::string& path, int acknowledgements) {
  try {
    const auto writer = EmbeddingStore::open_writer(path);
    while (true) {
      const int64_t rows = writer->size();
      writer->append(sample_batch(rows, rows + kBatch));
      const int64_t acknowledged = rows + kBatch;
      if (::write(acknowledgements, &acknowledged, sizeof(acknowledged)) != sizeof(acknowledged)) {
        ::_exit(3);
      }
    }
  } catch (...) {
    ::_exit(2);
  }
}

/// Starts a writer, kills it `delay` after its start or, to be sure that it is in the middle of
/// appending, after its first acknowledgement; returns the last acknowledged number of rows
/// (`before` if none).
int64_t kill_writer_after(const std::string& path,
                          std::chrono::microseconds delay,
                          int64_t before,
                          bool is_counted_from_first) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  EXPECT_GE(child, 0);
  if (child == 0) {
    ::close(ends[0]);
    append_until_killed(path, ends[1]);
  }
  ::close(ends[1]);
  int64_t acknowledged = before;
  int64_t value = 0;
  if (is_counted_from_first && ::read(ends[0], &value, sizeof(value)) == sizeof(value)) {
    acknowledged = value;
  }
  std::this_thread::sleep_for(delay);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with status " << status;
  while (::read(ends[0], &value, sizeof(value)) == sizeof(value)) acknowledged = value;
  ::close(ends[0]);
  return acknowledged;
}

/// S1: after every kill nothing acknowledged is lost, nothing doubled; the finished store is what
/// an undisturbed writer makes.
void kill_at_random_moments(int kills, uint64_t seed) {
  const TempDir dir;
  const std::string path = dir / "store";
  Rng rng(seed);
  int64_t rows = 0;
  int died_writing = 0;
  for (int i = 0; i < kills; ++i) {
    const auto delay = std::chrono::microseconds(rng.below(30'000));
    const int64_t acknowledged = kill_writer_after(path, delay, rows, i % 2 == 0);
    if (!std::filesystem::exists(path + "/store.json")) continue;  // killed before it began
    const auto reader = EmbeddingStore::open_reader(path);
    ASSERT_GE(reader->size(), acknowledged) << "kill " << i;
    // At most the batch in flight was sealed without its acknowledgement being sent.
    ASSERT_LE(reader->size(), acknowledged + kBatch) << "kill " << i;
    ASSERT_EQ(reader->size() % kBatch, 0) << "kill " << i;
    rows = reader->size();
    const std::vector<std::string> keys = testing::keys_in_order(*reader);
    for (int64_t row = 0; row < rows; ++row) {
      ASSERT_EQ(keys[static_cast<std::size_t>(row)], sample_key(row)) << "kill " << i;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().filename().string().find(".tmp-") != std::string::npos) ++died_writing;
    }
  }
  EXPECT_GE(rows, kills / 2 * kBatch);
  std::cout << kills << " kills, " << rows << " rows, a temporary file left after " << died_writing
            << "\n";
  {
    const auto writer = EmbeddingStore::open_writer(path);
    writer->append(sample_batch(rows, rows + 2));
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos) << entry.path();
  }
  const auto reader = EmbeddingStore::open_reader(path);
  expect_holds_first(*reader, rows + 2);
  EXPECT_TRUE(reader->verify().empty());
  const auto undisturbed = EmbeddingStore::open_writer(dir / "undisturbed");
  undisturbed->append(sample_batch(0, rows + 2));
  EXPECT_EQ(reader->content_digest(), undisturbed->content_digest());
}

TEST(StoreDurability, NothingAcknowledgedIsLostByKills) {
  kill_at_random_moments(40, 1);
}

TEST(StoreDurabilitySlow, NothingAcknowledgedIsLostByKills) {
  kill_at_random_moments(200, 2);
}

TEST(StoreDurability, LockOfAKilledWriterIsTakenOver) {  // S5
  const TempDir dir;
  kill_writer_after(dir / "store", std::chrono::milliseconds(0), 0, true);
  EXPECT_TRUE(std::filesystem::exists(dir / "store/LOCK"));
  EXPECT_NO_THROW(EmbeddingStore::open_writer(dir / "store"));
}

TEST(StoreDurability, ReadersDuringWritingSeeACompletePrefix) {  // S6
  const TempDir dir;
  const std::string path = dir / "store";
  EmbeddingStore::open_writer(path)->append(sample_batch(0, kBatch));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_until_killed(path, ends[1]);
  }
  ::close(ends[1]);
  const auto reader = EmbeddingStore::open_reader(path);
  int64_t rows = reader->size();
  const int64_t first_rows = rows;
  for (int i = 0; i < 60; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    reader->refresh();
    ASSERT_GE(reader->size(), rows);
    rows = reader->size();
    ASSERT_EQ(rows % kBatch, 0);
    const auto fresh = EmbeddingStore::open_reader(path);
    ASSERT_GE(fresh->size(), rows);
    ASSERT_EQ(testing::keys_in_order(*fresh)[static_cast<std::size_t>(rows - 1)],
              sample_key(rows - 1));
    testing::expect_same(reader->read(sample_key(rows - 1)), testing::sample_record(rows - 1));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  EXPECT_GT(rows, first_rows) << "the writer made no progress while it was watched";
}

/// Runs `body` in a child; 0 if it held.
int run_in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 2;
    try {
      status = body() ? 0 : 1;
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

bool throws_resource_error(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kResource;
  }
  return false;
}

TEST(StoreDurability, QuotaReachedAtAnyByteKeepsThePreviousState) {  // S3
  const TempDir dir;
  const std::string path = dir / "store";
  EmbeddingStore::open_writer(path)->append(sample_batch(0, 3));
  const auto size = static_cast<rlim_t>(std::filesystem::file_size(path + "/seg-000000.h5"));
  for (rlim_t limit = 512; limit < size; limit += size / 12) {
    EXPECT_EQ(0, run_in_child([&] {
                ::signal(SIGXFSZ, SIG_IGN);
                const auto writer = EmbeddingStore::open_writer(path);
                const rlimit quota{limit, RLIM_INFINITY};
                ::setrlimit(RLIMIT_FSIZE, &quota);
                const bool refused =
                    throws_resource_error([&] { writer->append(sample_batch(3, 6)); });
                // The writer itself still works when there is room again.
                const rlimit no_quota{RLIM_INFINITY, RLIM_INFINITY};
                ::setrlimit(RLIMIT_FSIZE, &no_quota);
                return refused && writer->size() == 3;
              }))
        << "limit " << limit;
    expect_holds_first(*EmbeddingStore::open_reader(path), 3);
  }
  const auto writer = EmbeddingStore::open_writer(path);
  writer->append(sample_batch(3, 6));
  expect_holds_first(*writer, 6);
  EXPECT_TRUE(writer->verify().empty());
}

TEST(StoreDurability, ExportOverQuotaLeavesNothingBehind) {  // S3
  const TempDir dir;
  const std::string path = dir / "store";
  EmbeddingStore::open_writer(path)->append(sample_batch(0, 40));
  const auto size = static_cast<rlim_t>(std::filesystem::file_size(path + "/seg-000000.h5"));
  for (rlim_t limit = 256; limit < size; limit += size / 8) {
    EXPECT_EQ(0, run_in_child([&] {
                ::signal(SIGXFSZ, SIG_IGN);
                const auto reader = EmbeddingStore::open_reader(path);
                const rlimit quota{limit, RLIM_INFINITY};
                ::setrlimit(RLIMIT_FSIZE, &quota);
                return throws_resource_error([&] { reader->compact_to(dir / "export.h5"); });
              }))
        << "limit " << limit;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      EXPECT_EQ(entry.path().filename(), "store") << "limit " << limit;
    }
  }
}

TEST(StoreDurability, FullFileSystemKeepsThePreviousState) {  // S3
  const TempDir dir;
  if (::mount("physprobe", dir.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here: " << std::strerror(errno);
  }
  const std::string path = dir / "store";
  int64_t rows = 0;
  {
    const auto writer = EmbeddingStore::open_writer(path);
    EXPECT_TRUE(throws_resource_error([&] {
      while (rows < 10'000) {
        writer->append(sample_batch(rows, rows + kBatch));
        rows += kBatch;
      }
    }));
    EXPECT_EQ(writer->size(), rows);
  }
  {
    const auto reader = EmbeddingStore::open_reader(path);
    expect_holds_first(*reader, rows);
    EXPECT_TRUE(reader->verify().empty());
  }
  ::umount(dir.path().c_str());
}

TEST(StoreDurability, ReadOnlyDirectoryIsReadableButNotWritable) {  // S10
  const TempDir dir;
  const std::string path = dir / "store";
  EmbeddingStore::open_writer(path)->append(sample_batch(0, 3));
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  EXPECT_EQ(0, run_in_child([&] {
              std::filesystem::permissions(path, std::filesystem::perms(0555));
              if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
              const bool readable = EmbeddingStore::open_reader(path)->size() == 3;
              return readable && throws_resource_error([&] { EmbeddingStore::open_writer(path); });
            }));
  std::filesystem::permissions(path, std::filesystem::perms(0755));
}

void flip_byte(const std::string& path, std::streamoff offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  char byte = 0;
  file.get(byte);
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ 0x10));
}

/// S7: whichever byte of the store is changed, `verify` says so and no read returns changed values.
void flip_every(std::streamoff stride) {
  const TempDir dir;
  const std::string path = dir / "store";
  {
    const auto writer = EmbeddingStore::open_writer(path);
    writer->append(sample_batch(0, 2));
    writer->append(sample_batch(2, 4));
  }
  const std::string segment = path + "/seg-000000.h5";
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(segment));
  for (std::streamoff offset = 0; offset < size; offset += stride) {
    flip_byte(segment, offset);
    std::vector<StoreFinding> findings;
    try {
      const auto reader = EmbeddingStore::open_reader(path);
      findings = reader->verify();
      ASSERT_THROW(reader->read(sample_key(0)), Error) << "byte " << offset;
    } catch (const Error& error) {
      FAIL() << "byte " << offset << ": the store must open for verify: " << error.what();
    }
    ASSERT_EQ(findings.size(), 1U) << "byte " << offset;
    ASSERT_EQ(findings[0].segment, "seg-000000.h5") << "byte " << offset;
    flip_byte(segment, offset);
  }
  EXPECT_TRUE(EmbeddingStore::open_reader(path)->verify().empty());
}

TEST(StoreDurability, AFlippedByteAnywhereIsFound) {
  flip_every(61);
}

TEST(StoreDurabilitySlow, AnyFlippedByteIsFound) {
  flip_every(1);
}

TEST(StoreDurability, ATruncatedOrLengthenedSegmentIsFound) {
  const TempDir dir;
  const std::string path = dir / "store";
  EmbeddingStore::open_writer(path)->append(sample_batch(0, 2));
  const std::string segment = path + "/seg-000000.h5";
  const auto size = std::filesystem::file_size(segment);
  const std::vector<std::uintmax_t> sizes = {0, 1, 200, size / 2, size - 1, size + 1, size + 300};
  const std::string copy = dir / "copy.h5";
  std::filesystem::copy_file(segment, copy);
  for (const std::uintmax_t changed : sizes) {
    std::filesystem::resize_file(segment, changed);
    const auto reader = EmbeddingStore::open_reader(path);
    EXPECT_EQ(reader->verify().size(), 1U) << changed;
    EXPECT_THROW(reader->size(), Error) << changed;
    EXPECT_THROW(EmbeddingStore::open_writer(path)->append(sample_batch(5, 6)), Error) << changed;
    std::filesystem::copy_file(copy, segment, std::filesystem::copy_options::overwrite_existing);
  }
}

TEST(StoreDurability, ManyThreadsReadTheSameValues) {
  const TempDir dir;
  const auto writer = EmbeddingStore::open_writer(dir / "store");
  for (int64_t i = 0; i < 20; i += 4) writer->append(sample_batch(i, i + 4));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 60; ++i) {
        const int64_t number = (i * 7 + static_cast<int64_t>(t)) % 20;
        const StoreRecord record = writer->read(sample_key(number), {"retrieval"});
        const float first = record.fields.at("retrieval").data_ptr<float>()[0];
        if (first != static_cast<float>(number)) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace physprobe

// Streaming: the program's peak memory must not follow the number of trajectories.

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <iostream>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/zip_bytes.h"

extern char** environ;

namespace physprobe {
namespace {

using testing::TempDir;

constexpr int64_t kFew = 1000;
constexpr int64_t kMany = 50'000;
constexpr int64_t kFrames = 8;
constexpr int64_t kWidth = 64;
constexpr double kMegabyte = 1e6;
constexpr double kDataMegabytes = double{kMany} * kFrames * kWidth * sizeof(float) / kMegabyte;
/// Blocks of 16 MiB, read and as trajectories, and about 0.4 kB for a name and a shape: well below
/// the 102 MB of the arrays themselves, which must never be held together.
constexpr double kMostGrowth = 0.5 * kDataMegabytes;

/// Peak resident memory of `probe straightening` on `path`, in MB.
double peak_megabytes(const std::string& path) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> words = {PHYSPROBE_PROGRAM, "probe", "straightening",
                                    "--trajectories",  path,    "--three-dimensional",
                                    "batch",           "--json"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  rusage usage{};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << path;
  return static_cast<double>(usage.ru_maxrss) * 1024.0 / kMegabyte;
}

void expect_flat(const std::string& few, const std::string& many) {
  const double growth = peak_megabytes(many) - peak_megabytes(few);
  std::cout << many << ": " << kMany << " trajectories instead of " << kFew << " add " << growth
            << " MB\n";
  EXPECT_LT(growth, kMostGrowth);
}

at::Tensor batch(int64_t count) {
  return at::sin(at::arange(count * kFrames * kWidth, at::kFloat))
      .reshape({count, kFrames, kWidth});
}

TEST(ArrayMemorySlow, OneBatchInANumPyFile) {
  const TempDir dir;
  write_npy(dir / "few.npy", batch(kFew));
  write_npy(dir / "many.npy", batch(kMany));
  expect_flat(dir / "few.npy", dir / "many.npy");
}

TEST(ArrayMemorySlow, OneBatchInACompressedArchive) {
  const TempDir dir;
  for (const auto& [name, count] :
       {std::pair<const char*, int64_t>{"few", kFew}, {"many", kMany}}) {
    write_npy(dir / "t.npy", batch(count));
    write_file_atomic(dir / (std::string(name) + ".npz"),
                      testing::zip_bytes({{"z.npy", read_file(dir / "t.npy"), true}}));
  }
  expect_flat(dir / "few.npz", dir / "many.npz");
}

TEST(ArrayMemorySlow, OneTensorEachInASafetensorsFile) {
  const TempDir dir;
  for (const auto& [name, count] :
       {std::pair<const char*, int64_t>{"few", kFew}, {"many", kMany}}) {
    const at::Tensor rows = batch(count);
    std::map<std::string, at::Tensor> tensors;
    for (int64_t i = 0; i < count; ++i) tensors["video-" + std::to_string(i)] = rows[i];
    write_safetensors(dir / (std::string(name) + ".safetensors"), tensors);
  }
  expect_flat(dir / "few.safetensors", dir / "many.safetensors");
}

}  // namespace
}  // namespace physprobe

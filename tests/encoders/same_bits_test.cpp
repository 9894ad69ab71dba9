// A sample's bits do not depend on its batch, its slot or the number of threads: with the BLAS
// kernels in force, and with others in child processes, because OpenBLAS chooses them when it is
// loaded. Images of 224 give 257 tokens, an odd number of rows, where a row's bits depend on its
// place in the matrix; width and depth are small for speed.

#include "physprobe/core/rng.h"
#include "physprobe/encoders/dinov2_encoder.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dinov2_golden.h"

namespace physprobe {
namespace {

using testing::dinov2_any_size;
using testing::TempDir;
using testing::write_dinov2;

/// The kernels OpenBLAS uses, "" for another BLAS.
std::string blas_kernels() {
  using CoreName = char* (*)();
  const auto name = reinterpret_cast<CoreName>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "" : name();
}

bool cpu_runs(const std::string& kernels) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (kernels == "Haswell") return has_avx2;
  return has_avx2 && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512cd") != 0;
#else
  return false;
#endif
}

/// Exit status of the test below in a child process with the named kernels.
int run_child(const std::string& kernels) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("OPENBLAS_CORETYPE", kernels.c_str(), 1);
    setenv("PHYSPROBE_EXPECTED_KERNELS", kernels.c_str(), 1);
    execl("/proc/self/exe", "same_bits_child", "--gtest_filter=SameBits.AnyBatchSlotAndThreadCount",
          "--gtest_brief=1", static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST(SameBits, AnyBatchSlotAndThreadCount) {
  if (const char* expected = std::getenv("PHYSPROBE_EXPECTED_KERNELS")) {
    ASSERT_EQ(blas_kernels(), expected);
  }
  const TempDir dir;
  VitConfig config;
  config.depth = 1;
  config.width = 128;
  config.heads = 2;
  config.hidden = 512;
  config.table_side = 16;
  write_dinov2(dir / "w.safetensors", config, random_vit_parameters(config, 2));
  const auto encoder = make_dinov2_encoder(dinov2_any_size(dir / "w.safetensors"));
  constexpr int64_t kSamples = 8;
  at::Tensor input = at::empty({kSamples, 1, 3, 224, 224}, at::kFloat);
  Rng rng(5);
  for (int64_t i = 0; i < input.numel(); ++i) {
    input.data_ptr<float>()[i] = static_cast<float>(2.0 * rng.uniform() - 1.0);
  }
  std::vector<at::Tensor> alone;
  for (int64_t i = 0; i < kSamples; ++i) {
    alone.push_back(encoder->encode(input.narrow(0, i, 1), {{"norm"}, true, 1})[0].tokens[0]);
  }
  for (const int64_t batch : {int64_t{1}, int64_t{3}, kSamples}) {
    for (const int threads : {1, 2, 7}) {
      for (int64_t begin = 0; begin < kSamples; begin += batch) {
        const int64_t count = std::min(batch, kSamples - begin);
        const at::Tensor tokens =
            encoder->encode(input.narrow(0, begin, count), {{"norm"}, true, threads})[0].tokens;
        for (int64_t slot = 0; slot < count; ++slot) {
          ASSERT_TRUE(at::equal(tokens[slot], alone[static_cast<std::size_t>(begin + slot)]))
              << blas_kernels() << ": batch " << batch << ", slot " << slot << ", " << threads
              << " threads";
        }
      }
    }
  }
  // The same sample in every slot, with different neighbours.
  const at::Tensor rolled = at::cat({input.narrow(0, 5, 3), input.narrow(0, 0, 5)}, 0);
  const at::Tensor tokens = encoder->encode(rolled, {{"norm"}, true, 2})[0].tokens;
  for (int64_t slot = 0; slot < kSamples; ++slot) {
    ASSERT_TRUE(at::equal(tokens[slot], alone[static_cast<std::size_t>((slot + 5) % kSamples)]));
  }
}

class SameBitsOtherKernels : public ::testing::TestWithParam<std::string> {};

TEST_P(SameBitsOtherKernels, InAChildProcess) {
  if (blas_kernels().empty()) GTEST_SKIP() << "BLAS is not OpenBLAS; its kernels cannot be chosen";
  if (!cpu_runs(GetParam())) GTEST_SKIP() << "this CPU lacks the instructions of " << GetParam();
  EXPECT_EQ(run_child(GetParam()), 0) << "see the child's output above";
}

INSTANTIATE_TEST_SUITE_P(OpenBlas,
                         SameBitsOtherKernels,
                         ::testing::Values("Haswell", "SkylakeX"),
                         [](const ::testing::TestParamInfo<std::string>& kernels) {
                           return kernels.param;
                         });

}  // namespace
}  // namespace physprobe

// A sample's bits do not depend on its batch, its slot or the number of threads: with the products
// and kernels in force, and with others in child processes, because the libraries choose when they
// are loaded. Images of 224 give 257 tokens and clips of 144 give 243, odd numbers of rows, where
// BLAS lets a row's bits depend on its place in the matrix; width and depth are small for speed.

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/predictor.h"
#include "physprobe/encoders/vector_unit.h"
#include "physprobe/encoders/vit_decoder.h"
#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_half.h"

#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include "dinov2_golden.h"
#include "thread_count.h"
#include "vit_saved.h"

namespace physprobe {
namespace {

using testing::dinov2_any_size;
using testing::TempDir;
using testing::write_dinov2;

/// What computes products in a child process, and with which kernels; "" leaves the choice.
struct Products {
  std::string name;     ///< Of the test.
  std::string library;  ///< PHYSPROBE_PRODUCTS.
  std::string kernels;  ///< OPENBLAS_CORETYPE.
  std::string one_dnn;  ///< Highest instruction set for oneDNN.
  VectorUnit needs = VectorUnit::kBaseline;
};

std::ostream& operator<<(std::ostream& out, const Products& products) {
  return out << products.name;
}

/// The kernels OpenBLAS uses, "" for another BLAS.
std::string blas_kernels() {
  using CoreName = char* (*)();
  const auto name = reinterpret_cast<CoreName>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "" : name();
}

/// Exit status of this binary in a child process, running this file's other tests and the same one
/// of the family's contract.
int run_child(const Products& products, const char* tests) {
  const pid_t child = fork();
  if (child == 0) {
    if (!products.library.empty()) setenv("PHYSPROBE_PRODUCTS", products.library.c_str(), 1);
    if (!products.kernels.empty()) {
      setenv("OPENBLAS_CORETYPE", products.kernels.c_str(), 1);
      setenv("PHYSPROBE_EXPECTED_KERNELS", products.kernels.c_str(), 1);
    }
    if (!products.one_dnn.empty()) {
      setenv("DNNL_MAX_CPU_ISA", products.one_dnn.c_str(), 1);
      setenv("ONEDNN_MAX_CPU_ISA", products.one_dnn.c_str(), 1);
    }
    execl("/proc/self/exe", "same_bits_child", tests, "--gtest_brief=1",
          static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

/// One block of width 128 on 16 x 16 patches of 14 pixels.
VitConfig wide_model() {
  VitConfig config;
  config.depth = 1;
  config.width = 128;
  config.heads = 2;
  config.hidden = 512;
  config.table_side = 16;
  return config;
}

/// Encoder and predictor of V-JEPA 2 with one block of width 128 each, as saved in training.
void write_video_model(const std::string& path) {
  const VitFamily& family = vit_family("vjepa2");
  VitSize size = family.sizes.front();
  for (VitConfig* config : {&size.config, &size.decoder->blocks}) {
    config->depth = 1;
    config->width = 128;
    config->heads = 2;
    config->hidden = 512;
  }
  size.decoder->inputs = size.decoder->outputs = 128;
  std::map<std::string, at::Tensor> tensors;
  const VitParameters encoder = random_vit_parameters(size.config, 2, family.initialisation);
  for (const auto& [name, tensor] : testing::renamed(vjepa_naming(), encoder)) {
    tensors["encoder.module.backbone." + name] = tensor;
    tensors["target_encoder.module.backbone." + name] = tensor;
  }
  VitParameters decoder = draw_parameters(
      size.decoder->blocks, vit_decoder_parameters(*size.decoder), 3, family.initialisation);
  for (const auto& [name, tensor] : testing::renamed(vjepa_predictor_naming(), decoder)) {
    tensors["predictor.module.backbone." + name] = tensor;
  }
  write_safetensors(path, tensors, {{"num_heads", "2"}, {"predictor_num_heads", "2"}});
}

nlohmann::json video_config(const std::string& path) {
  return {
      {"family", "vjepa2"}, {"weights", path}, {"preprocess", {{"resize", "none"}, {"crop", 0}}}};
}

/// Samples (count, frames, 3, side, side), uniform in -1..1.
at::Tensor drawn_samples(int64_t count, int64_t frames, int64_t side) {
  at::Tensor input = at::empty({count, frames, 3, side, side}, at::kFloat);
  Rng rng(5);
  for (int64_t i = 0; i < input.numel(); ++i) {
    input.data_ptr<float>()[i] = static_cast<float>(2.0 * rng.uniform() - 1.0);
  }
  return input;
}

constexpr int64_t kSamples = 5;

/// What a model makes of samples, a row each, on so many threads.
using Compute = std::function<at::Tensor(const at::Tensor& samples, int threads)>;

void expect_same_bits(const Compute& compute, const at::Tensor& input) {
  std::vector<at::Tensor> alone;
  for (int64_t i = 0; i < kSamples; ++i) alone.push_back(compute(input.narrow(0, i, 1), 1)[0]);
  for (const int64_t batch : {int64_t{1}, int64_t{3}, kSamples}) {
    for (const int threads : {1, 2, 7}) {
      for (int64_t begin = 0; begin < kSamples; begin += batch) {
        const int64_t count = std::min(batch, kSamples - begin);
        const at::Tensor found = compute(input.narrow(0, begin, count), threads);
        for (int64_t slot = 0; slot < count; ++slot) {
          ASSERT_TRUE(at::equal(found[slot], alone[static_cast<std::size_t>(begin + slot)]))
              << product_library() << " " << blas_kernels() << ": batch " << batch << ", slot "
              << slot << ", " << threads << " threads";
        }
      }
    }
  }
  // The same sample in every slot, with different neighbours.
  const at::Tensor rolled = at::cat({input.narrow(0, 3, 2), input.narrow(0, 0, 3)}, 0);
  const at::Tensor found = compute(rolled, 2);
  for (int64_t slot = 0; slot < kSamples; ++slot) {
    ASSERT_TRUE(at::equal(found[slot], alone[static_cast<std::size_t>((slot + 3) % kSamples)]));
  }
}

void require_products_asked_for() {
  if (const char* expected = std::getenv("PHYSPROBE_EXPECTED_KERNELS")) {
    ASSERT_EQ(blas_kernels(), expected);
  }
  if (const char* library = std::getenv("PHYSPROBE_PRODUCTS")) {
    ASSERT_EQ(product_library() == "BLAS", std::string(library) == "blas") << product_library();
  }
}

class SameBits : public ::testing::TestWithParam<std::string> {};

TEST_P(SameBits, AnyBatchSlotAndThreadCount) {
  ASSERT_NO_FATAL_FAILURE(require_products_asked_for());
  const TempDir dir;
  VitConfig config = wide_model();
  if (GetParam() == "RegistersAndSwiglu") {
    config.registers = 4;
    config.feed_forward = VitFeedForward::kSwigluFused;
    config.hidden = swiglu_hidden(config.width);
  }
  write_dinov2(dir / "w.safetensors", config, random_vit_parameters(config, 2));
  if (GetParam() == "Float16" && !has_half_products()) {
    GTEST_SKIP() << "this processor or build has no float16 products";
  }
  const char* const dtype = GetParam() == "Bfloat16"  ? "bfloat16"
                            : GetParam() == "Float16" ? "float16"
                                                      : "float32";
  const auto encoder = make_encoder(dinov2_any_size(dir / "w.safetensors", {{"dtype", dtype}}));
  const at::Tensor input = drawn_samples(kSamples, 1, 224);
  try {
    encoder->encode(input.narrow(0, 0, 1), {{"norm"}, true, 1});
  } catch (const Error& error) {
    // A child with fewer instructions allowed to oneDNN than LibTorch knows of.
    ASSERT_EQ(GetParam(), "Bfloat16") << error.what();
    ASSERT_NE(std::string(error.what()).find("use float32"), std::string::npos) << error.what();
    GTEST_SKIP() << error.what();
  }
  expect_same_bits(
      [&](const at::Tensor& samples, int threads) {
        return encoder->encode(samples, {{"norm"}, true, threads})[0].tokens;
      },
      input);
}

TEST(SameBitsOfVideo, AnEncodersClipInAnyBatchSlotAndThreadCount) {
  ASSERT_NO_FATAL_FAILURE(require_products_asked_for());
  const TempDir dir;
  write_video_model(dir / "w.safetensors");
  const auto encoder = make_encoder(video_config(dir / "w.safetensors"));
  expect_same_bits(
      [&](const at::Tensor& samples, int threads) {
        return encoder->encode(samples, {{"norm"}, true, threads})[0].tokens;
      },
      drawn_samples(kSamples, 6, 144));
}

TEST(SameBitsOfVideo, APredictorsWindowInAnyBatchSlotAndThreadCount) {
  ASSERT_NO_FATAL_FAILURE(require_products_asked_for());
  const TempDir dir;
  write_video_model(dir / "w.safetensors");
  const auto predictor = make_predictor(video_config(dir / "w.safetensors"));
  const at::Tensor given = at::arange(81, at::kLong);
  const at::Tensor asked = at::arange(81, 243, at::kLong);
  expect_same_bits(
      [&](const at::Tensor& samples, int count) {
        const testing::ThreadCount threads(count);
        return at::cat({predictor->predict(samples.narrow(1, 0, 2), given, asked, 6),
                        predictor->targets(samples)},
                       1);
      },
      drawn_samples(kSamples, 6, 144));
}

INSTANTIATE_TEST_SUITE_P(Models,
                         SameBits,
                         ::testing::Values("Plain", "RegistersAndSwiglu", "Bfloat16", "Float16"),
                         [](const ::testing::TestParamInfo<std::string>& model) {
                           return model.param;
                         });

const char* const kEveryModel =
    "--gtest_filter=Models/SameBits.*:SameBitsOfVideo.*:"
    "*SameBitsForAnyBatchSlotAndThreadCount/dinov2";
const char* const kOneOfEachKind = "--gtest_filter=Models/SameBits.*/Plain:SameBitsOfVideo.*";

void expect_same_bits_in_a_child(const Products& products, const char* tests) {
  if (!products.kernels.empty() && blas_kernels().empty()) {
    GTEST_SKIP() << "BLAS is not OpenBLAS; its kernels cannot be chosen";
  }
  if (products.library == "onednn" && product_library() == "BLAS") {
    GTEST_SKIP() << "this LibTorch does not bring oneDNN along as a library";
  }
  if (!has_vector_unit(products.needs)) {
    GTEST_SKIP() << "this CPU lacks the instructions of " << products.name;
  }
  EXPECT_EQ(run_child(products, tests), 0) << "see the child's output above";
}

class SameBitsOtherProducts : public ::testing::TestWithParam<Products> {};
class SameBitsOtherProductsSlow : public ::testing::TestWithParam<Products> {};

TEST_P(SameBitsOtherProducts, InAChildProcess) {
  expect_same_bits_in_a_child(GetParam(), kOneOfEachKind);
}
TEST_P(SameBitsOtherProductsSlow, InAChildProcess) {
  expect_same_bits_in_a_child(GetParam(), kEveryModel);
}

std::string name_of(const ::testing::TestParamInfo<Products>& products) {
  return products.param.name;
}

INSTANTIATE_TEST_SUITE_P(Libraries,
                         SameBitsOtherProducts,
                         ::testing::Values(Products{"BlasHaswell", "blas", "Haswell", "",
                                                    VectorUnit::kAvx2}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(
    Libraries,
    SameBitsOtherProductsSlow,
    ::testing::Values(Products{"BlasAsFound", "blas", "", ""},
                      Products{"BlasHaswell", "blas", "Haswell", "", VectorUnit::kAvx2},
                      Products{"BlasSkylakeX", "blas", "SkylakeX", "", VectorUnit::kAvx512},
                      Products{"OneDnnAvx2", "onednn", "", "AVX2", VectorUnit::kAvx2}),
    name_of);

}  // namespace
}  // namespace physprobe

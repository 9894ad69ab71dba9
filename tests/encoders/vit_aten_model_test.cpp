// The model by LibTorch's operations against ours, on the CPU for every family and, where there is
// a GPU, on that.

#include "physprobe/encoders/vit_aten_model.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/encoders/encoder_factory.h"

#include "support/temp_dir.h"
#include "support/tensor_near.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

#include "vit_saved.h"

namespace physprobe {
namespace {

using testing::small_model;
using testing::tensor_near;

at::Tensor drawn_images(int64_t count, int64_t height, int64_t width) {
  at::Tensor images = at::empty({count, 3, height, width}, at::kFloat);
  Rng rng(4);
  for (int64_t i = 0; i < images.numel(); ++i) {
    images.data_ptr<float>()[i] = static_cast<float>(rng.normal());
  }
  return images;
}

/// Small models that together have every part.
std::map<std::string, VitConfig> models() {
  std::map<std::string, VitConfig> all;
  for (const VitFamily& family : vit_families()) {
    if (family.sizes.front().config.tubelet > 1) continue;  // video models compute on the CPU
    all[family.name] = small_model(family, family.sizes.front().config);
    if (family.name == "dinov2") {
      all["dinov2 g"] = small_model(family, vit_size(family, "vitg14_reg"));
    }
  }
  VitConfig& distilled = all["distilled"] = all.at("vit");
  distilled.has_distillation_token = true;
  distilled.has_query_key_norm = true;
  return all;
}

/// Block by block, our tokens of every image.
std::vector<at::Tensor> our_tokens(const VitModel& model, const at::Tensor& images) {
  const VitConfig& config = model.config();
  const int64_t height = images.size(2);
  const int64_t width = images.size(3);
  const VitPlaces places = model.places(height / config.patch, width / config.patch);
  const int64_t rows = config.prefix_tokens() + (height / config.patch) * (width / config.patch);
  std::vector<at::Tensor> blocks(static_cast<std::size_t>(config.depth) + 1, at::Tensor());
  for (at::Tensor& block : blocks) {
    block = at::empty({images.size(0), rows, config.width}, at::kFloat);
  }
  parallel_for(images.size(0), 1, [&](int64_t i) {
    model.run({images[i].data_ptr<float>(), height, width, 1, {}}, places, config.depth - 1,
              [&](int64_t index, const float* tokens) {
                std::copy_n(tokens, rows * config.width,
                            blocks[static_cast<std::size_t>(index + 1)][i].data_ptr<float>());
              });
  });
  return blocks;
}

std::vector<at::Tensor> aten_tokens(const VitAtenModel& model,
                                    const VitConfig& config,
                                    const VitPlaces& places,
                                    const at::Tensor& images) {
  std::vector<std::vector<at::Tensor>> parts(static_cast<std::size_t>(config.depth) + 1);
  std::set<int64_t> wanted;
  for (int64_t i = -1; i < config.depth; ++i) wanted.insert(i);
  model.run(images, places, config.depth - 1, wanted,
            [&](int64_t index, int64_t first, const at::Tensor& tokens) {
              auto& part = parts[static_cast<std::size_t>(index + 1)];
              EXPECT_EQ(first, static_cast<int64_t>(part.size()) * 8);
              part.push_back(tokens);
            });
  std::vector<at::Tensor> blocks;
  for (const auto& part : parts) blocks.push_back(at::cat(part));
  return blocks;
}

TEST(VitAtenModelTest, EqualsOursForEveryFamily) {
  for (const auto& [name, config] : models()) {
    SCOPED_TRACE(name);
    const VitParameters parameters = random_vit_parameters(config, 3);
    const VitModel ours(config, parameters);
    const VitAtenModel aten(config, parameters, at::Device(at::kCPU));
    // Nine images are a batch and one more.
    const at::Tensor images = drawn_images(9, 3 * config.patch, 3 * config.patch);
    const auto expected = our_tokens(ours, images);
    const auto found = aten_tokens(aten, config, ours.places(3, 3), images);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      // float32 rounding of values up to about 5 through two blocks.
      EXPECT_TRUE(tensor_near(found[i], expected[i].to(at::kDouble), 2e-5)) << "block " << i;
    }
  }
}

TEST(VitAtenModelTest, RoundedWeightsDeviateByTheirRounding) {
  VitConfig config = models().at("vit");
  const VitParameters parameters = random_vit_parameters(config, 3);
  const VitModel ours(config, parameters);
  const at::Tensor images = drawn_images(2, 3 * config.patch, 3 * config.patch);
  const auto expected = our_tokens(ours, images);
  config.precision = VitPrecision::kBfloat16;
  const VitAtenModel aten(config, parameters, at::Device(at::kCPU));
  const auto found = aten_tokens(aten, config, ours.places(3, 3), images);
  // Two blocks of eight bits' rounding of values up to about 5.
  EXPECT_TRUE(tensor_near(found.back(), expected.back().to(at::kDouble), 0.1));
  EXPECT_FALSE(tensor_near(found.back(), expected.back().to(at::kDouble), 1e-5));
}

TEST(VitAtenModelTest, DevicesThatAreNotThereAreRefused) {
  EXPECT_TRUE(compute_device("cpu", "x").is_cpu());
  for (const std::string name : {"gpu", "cuda:x", "xla", ""}) {
    try {
      compute_device(name, "dinov2.options.device");
      ADD_FAILURE() << name << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(std::string(error.what()).find("expected cpu, cuda"), std::string::npos)
          << error.what();
    }
  }
  if (at::hasCUDA()) {
    EXPECT_THROW(compute_device("cuda:63", "x"), Error);
    return;
  }
  try {
    make_encoder({{"family", "dinov2"},
                  {"options", {{"size", "vits14"}, {"random_seed", 0}, {"device", "cuda:0"}}}});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("built without CUDA"), std::string::npos)
        << error.what();
  }
}

TEST(VitAtenModelTest, AGpuGivesTheSameNumbersAndTheSameBitsInAnyBatch) {
  if (!at::hasCUDA()) GTEST_SKIP() << "this LibTorch has no CUDA or this machine no GPU";
  for (const VitFamily& family : vit_families()) {
    if (family.sizes.front().config.tubelet > 1) continue;
    SCOPED_TRACE(family.name);
    const testing::TempDir dir;
    testing::write_small_model(family, *family.namings.front(), dir / "w.safetensors");
    nlohmann::json config = {{"family", family.name},
                             {"weights", dir / "w.safetensors"},
                             {"preprocess", {{"resize", "none"}, {"crop", 0}}}};
    const auto cpu = make_encoder(config);
    config["options"] = {{"device", "cuda"}};
    const auto gpu = make_encoder(config);
    EXPECT_EQ(gpu->info().canonical, cpu->info().canonical);
    const int64_t side = 3 * family.sizes.front().config.patch;
    const at::Tensor frames = drawn_images(9, side, side).unsqueeze(1);
    const EncodeOptions options = {{"embed", "block1", "norm", "pooled"}, true, 0};
    const auto expected = cpu->encode(frames, options);
    const auto found = gpu->encode(frames, options);
    const auto alone = gpu->encode(frames.narrow(0, 4, 1), options);
    for (std::size_t tap = 0; tap < expected.size(); ++tap) {
      // float32 rounding in another order of summation, values up to about 5.
      EXPECT_TRUE(tensor_near(found[tap].tokens, expected[tap].tokens.to(at::kDouble), 1e-4));
      EXPECT_TRUE(at::equal(found[tap].tokens[4], alone[tap].tokens[0]));
    }
  }
}

}  // namespace
}  // namespace physprobe

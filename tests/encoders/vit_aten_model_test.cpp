// The model by LibTorch's operations against ours, on the CPU for every family and, where there is
// a GPU, on that.

#include "physprobe/encoders/vit_aten_model.h"

#include "physprobe/core/error.h"
#include "physprobe/core/parallel.h"
#include "physprobe/core/rng.h"
#include "physprobe/encoders/compute_device.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/encoders/vit_encoder.h"
#include "physprobe/encoders/vit_options.h"

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

/// (count, frames, 3, height, width)
at::Tensor drawn_samples(int64_t count, int64_t frames, int64_t height, int64_t width) {
  at::Tensor samples = at::empty({count, frames, 3, height, width}, at::kFloat);
  Rng rng(4);
  for (int64_t i = 0; i < samples.numel(); ++i) {
    samples.data_ptr<float>()[i] = static_cast<float>(rng.normal());
  }
  return samples;
}

/// Small models that together have every part.
std::map<std::string, VitConfig> models() {
  std::map<std::string, VitConfig> all;
  for (const VitFamily& family : vit_families()) {
    all[family.name] = small_model(family, family.sizes.front().config);
    if (family.name == "dinov2") {
      all["dinov2 g"] = small_model(family, vit_size(family, "vitg14_reg"));
    }
  }
  VitConfig& distilled = all["distilled"] = all.at("vit");
  distilled.has_distillation_token = true;
  distilled.has_query_key_norm = true;
  // V-JEPA 1's rotary variant with slices of an odd number of channels, 21.
  VitConfig& odd = all["odd slices"] = all.at("vjepa2");
  odd.positions = VitPositions::kRotaryVideo;
  odd.width = 192;
  return all;
}

/// The tokens of a grid of 3 x 3 patches and, of video, two steps.
constexpr int64_t kSide = 3;
int64_t steps_of(const VitConfig& config) {
  return config.tubelet > 1 ? 2 : 1;
}

/// Block by block, our tokens of every sample.
std::vector<at::Tensor> our_tokens(const VitModel& model,
                                   const at::Tensor& samples,
                                   const VitPlaces& places,
                                   const at::Tensor& kept) {
  const VitConfig& config = model.config();
  const int64_t steps = steps_of(config);
  const int64_t rows =
      kept.defined() ? kept.numel() : config.prefix_tokens() + steps * kSide * kSide;
  std::vector<at::Tensor> blocks(static_cast<std::size_t>(config.depth) + 1, at::Tensor());
  for (at::Tensor& block : blocks) {
    block = at::empty({samples.size(0), rows, config.width}, at::kFloat);
  }
  parallel_for(samples.size(0), 1, [&](int64_t i) {
    model.run({samples[i].data_ptr<float>(), samples.size(3), samples.size(4), steps, kept}, places,
              config.depth - 1, [&](int64_t index, const float* tokens) {
                std::copy_n(tokens, rows * config.width,
                            blocks[static_cast<std::size_t>(index + 1)][i].data_ptr<float>());
              });
  });
  return blocks;
}

std::vector<at::Tensor> aten_tokens(const VitAtenModel& model,
                                    const VitConfig& config,
                                    const VitPlaces& places,
                                    const at::Tensor& samples,
                                    const at::Tensor& kept) {
  std::vector<std::vector<at::Tensor>> parts(static_cast<std::size_t>(config.depth) + 1);
  std::set<int64_t> wanted;
  for (int64_t i = -1; i < config.depth; ++i) wanted.insert(i);
  int64_t next = 0;
  model.run(samples, kept, places, config.depth - 1, wanted,
            [&](int64_t index, int64_t first, const at::Tensor& tokens) {
              auto& part = parts[static_cast<std::size_t>(index + 1)];
              EXPECT_EQ(first, next);
              part.push_back(tokens);
              if (index == config.depth - 1) next = first + tokens.size(0);
            });
  std::vector<at::Tensor> blocks;
  blocks.reserve(parts.size());
  for (const auto& part : parts) blocks.push_back(at::cat(part));
  return blocks;
}

at::Tensor samples_for(const VitConfig& config, int64_t count) {
  return drawn_samples(count, steps_of(config) * config.tubelet, kSide * config.patch,
                       kSide * config.patch);
}

TEST(VitAtenModelTest, EqualsOursForEveryFamily) {
  for (const auto& [name, config] : models()) {
    SCOPED_TRACE(name);
    const VitParameters parameters = random_vit_parameters(config, 3);
    const VitModel ours(config, parameters);
    const VitAtenModel aten(config, parameters, at::Device(at::kCPU));
    // Nine images are a batch and one more.
    const at::Tensor samples = samples_for(config, 9);
    const VitPlaces places = ours.places(kSide, kSide, steps_of(config));
    const auto expected = our_tokens(ours, samples, places, {});
    const auto found = aten_tokens(aten, config, places, samples, {});
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      // float32 rounding of values up to about 5 through two blocks.
      EXPECT_TRUE(tensor_near(found[i], expected[i].to(at::kDouble), 2e-5)) << "block " << i;
    }
  }
}

TEST(VitAtenModelTest, TokensThatAreNotListedDoNotExistThereEither) {
  const at::Tensor kept = at::tensor({11, 2, 3, 17, 0}, at::kLong);
  for (const auto& [name, config] : models()) {
    if (config.tubelet == 1) continue;
    SCOPED_TRACE(name);
    const VitParameters parameters = random_vit_parameters(config, 3);
    const VitModel ours(config, parameters);
    const VitAtenModel aten(config, parameters, at::Device(at::kCPU));
    const at::Tensor samples = samples_for(config, 2);
    const VitPlaces places = selected_places(ours.places(kSide, kSide, 2), kept);
    const auto expected = our_tokens(ours, samples, places, kept);
    const auto found = aten_tokens(aten, config, places, samples, kept);
    // As above.
    EXPECT_TRUE(tensor_near(found.back(), expected.back().to(at::kDouble), 2e-5));
  }
}

TEST(VitAtenModelTest, RoundedWeightsDeviateByTheirRounding) {
  VitConfig config = models().at("vit");
  const VitParameters parameters = random_vit_parameters(config, 3);
  const VitModel ours(config, parameters);
  const at::Tensor samples = samples_for(config, 2);
  const VitPlaces places = ours.places(kSide, kSide);
  const auto expected = our_tokens(ours, samples, places, {});
  config.precision = VitPrecision::kBfloat16;
  const VitAtenModel aten(config, parameters, at::Device(at::kCPU));
  const auto found = aten_tokens(aten, config, places, samples, {});
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

/// Where LibTorch's operations are tested: the CPU, and a GPU where there is one.
std::vector<at::Device> devices() {
  std::vector<at::Device> all = {at::Device(at::kCPU)};
  if (at::hasCUDA()) all.emplace_back(at::kCUDA);
  return all;
}

class VitOnDevice : public ::testing::TestWithParam<std::string> {};

TEST_P(VitOnDevice, AnEncoderGivesTheSameNumbersAndTheSameBitsInAnyBatch) {
  const VitFamily& family = vit_family(GetParam());
  const testing::TempDir dir;
  testing::write_small_model(family, *family.namings.front(), dir / "w.safetensors");
  const nlohmann::json config = {{"family", family.name},
                                 {"weights", dir / "w.safetensors"},
                                 {"preprocess", {{"resize", "none"}, {"crop", 0}}}};
  const auto ours = make_encoder(config);
  const VitConfig& model = family.sizes.front().config;
  const at::Tensor samples = samples_for(model, 9);
  const EncodeOptions encode = {{"pixel", "embed", "block1", "norm", "pooled"}, true, 2};
  const auto expected = ours->encode(samples, encode);
  for (const at::Device& device : devices()) {
    SCOPED_TRACE(device.str());
    VitOptions options = read_vit_options(family, config);
    options.aten_device = device;
    const auto there = make_vit_encoder(family, config, options);
    EXPECT_EQ(there->info().canonical, ours->info().canonical);
    const auto found = there->encode(samples, encode);
    const auto alone = there->encode(samples.narrow(0, 4, 1), encode);
    for (std::size_t tap = 0; tap < expected.size(); ++tap) {
      // float32 rounding in another order of summation, values up to about 5.
      EXPECT_TRUE(tensor_near(found[tap].tokens, expected[tap].tokens.to(at::kDouble), 1e-4));
      EXPECT_TRUE(tensor_near(found[tap].pooled, expected[tap].pooled.to(at::kDouble), 1e-4));
      EXPECT_TRUE(at::equal(found[tap].tokens[4], alone[tap].tokens[0]));
    }
    // The null of a run computes where its model does.
    const auto drawn = there->untrained(5)->encode(samples, encode);
    const auto our_drawn = ours->untrained(5)->encode(samples, encode);
    EXPECT_TRUE(tensor_near(drawn[3].tokens, our_drawn[3].tokens.to(at::kDouble), 1e-4));
    EXPECT_FALSE(at::equal(drawn[3].tokens, our_drawn[3].tokens)) << "nothing was computed there";
  }
}

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const VitFamily& family : vit_families()) names.push_back(family.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Families,
                         VitOnDevice,
                         ::testing::ValuesIn(families()),
                         [](const ::testing::TestParamInfo<std::string>& family) {
                           return family.param;
                         });

}  // namespace
}  // namespace physprobe

// What every registered encoder family promises (encoder.h), checked over the table itself: a
// family without a case here fails.

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/encoders/encoder_factory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "contract_cases.h"

namespace physprobe {
namespace {

using testing::contract_case;
using testing::ContractCase;

std::vector<std::string> registered_names() {
  std::vector<std::string> names;
  for (const EncoderFamily& family : encoder_families()) names.push_back(family.name);
  return names;
}

std::vector<std::string> tap_names(const EncoderInfo& info) {
  std::vector<std::string> names;
  for (const TapInfo& tap : info.taps) names.push_back(tap.name);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool same_bits(const at::Tensor& left, const at::Tensor& right) {
  return left.sizes() == right.sizes() && at::equal(left.contiguous(), right.contiguous());
}

class EncoderContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto found = contract_case(GetParam());
    ASSERT_TRUE(found.has_value())
        << "add a case for family '" << GetParam() << "' to contract_cases.h";
    case_ = *found;
    encoder_ = make_encoder(case_.config);
  }

  /// (batch, steps, C, H, W), uniform in 0..1; a sample's values do not depend on the batch.
  at::Tensor frames(int64_t batch, int64_t steps) const {
    at::Tensor input =
        at::empty({batch, steps, case_.channels, case_.height, case_.width}, at::kFloat);
    Rng rng(11);
    for (int64_t i = 0; i < input.numel(); ++i)
      input.data_ptr<float>()[i] = static_cast<float>(rng.uniform());
    return input;
  }

  EncodeOptions all_taps(int threads) const { return {tap_names(encoder_->info()), true, threads}; }

  ContractCase case_;
  std::unique_ptr<Encoder> encoder_;
};

TEST_P(EncoderContract, InfoIsComplete) {
  const EncoderInfo& info = encoder_->info();
  EXPECT_EQ(info.family, GetParam());
  EXPECT_EQ(info.id.rfind(info.family, 0), 0U) << info.id;
  EXPECT_FALSE(info.description.empty());
  EXPECT_FALSE(info.canonical.empty());
  const std::vector<std::string> names = tap_names(info);
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names[0], "pixel");
  ASSERT_FALSE(info.default_taps.empty());
  for (const std::string& tap : info.default_taps) EXPECT_TRUE(contains(names, tap)) << tap;
  EXPECT_TRUE(contains(names, info.retrieval_tap)) << info.retrieval_tap;
  for (const TapInfo& tap : info.taps) EXPECT_FALSE(tap.description.empty()) << tap.name;
  EXPECT_EQ(info.has_weights, info.weights_digest != "none");
  EXPECT_EQ(info.has_weights, !info.weights_path.empty());
  if (info.has_weights) {
    EXPECT_EQ(info.weights_digest.size(), 64U);
  }
  EXPECT_NO_THROW(info.preprocess.validate());
}

TEST_P(EncoderContract, ShapesAreAsDocumented) {
  const EncoderInfo& info = encoder_->info();
  const int64_t steps = 2 * info.frames_per_step;
  const auto outputs = encoder_->encode(frames(2, steps), all_taps(0));
  ASSERT_EQ(outputs.size(), info.taps.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TapOutput& output = outputs[i];
    SCOPED_TRACE(output.name);
    EXPECT_EQ(output.name, info.taps[i].name);
    EXPECT_EQ(output.tokens.scalar_type(), at::kFloat);
    ASSERT_EQ(output.tokens.dim(), 4);
    EXPECT_EQ(output.tokens.size(0), 2);
    EXPECT_EQ(output.tokens.size(1), 2);
    EXPECT_EQ(output.tokens.size(2), output.prefix_tokens + output.grid_height * output.grid_width);
    if (info.taps[i].width > 0) {
      EXPECT_EQ(output.tokens.size(3), info.taps[i].width);
    }
    for (const at::Tensor& pooled : {output.pooled, output.patch_mean}) {
      EXPECT_EQ(pooled.scalar_type(), at::kFloat);
      ASSERT_EQ(pooled.dim(), 3);
      EXPECT_EQ(pooled.size(0), 2);
      EXPECT_EQ(pooled.size(1), 2);
      EXPECT_TRUE(at::isfinite(pooled).all().item<bool>());
    }
    EXPECT_TRUE(at::isfinite(output.tokens).all().item<bool>());
  }
}

TEST_P(EncoderContract, FirstTapIsTheFlattenedInput) {
  const at::Tensor input = frames(1, 2 * encoder_->info().frames_per_step);
  const auto outputs = encoder_->encode(input, {{"pixel"}, true, 1});
  EXPECT_TRUE(same_bits(outputs[0].tokens.reshape({-1}), input.reshape({-1})));
}

TEST_P(EncoderContract, SameBitsForAnyBatchSlotAndThreadCount) {
  constexpr int64_t kSamples = 5;
  const int64_t steps = 2 * encoder_->info().frames_per_step;
  const at::Tensor input = frames(kSamples, steps);
  std::vector<std::vector<TapOutput>> alone;
  for (int64_t sample = 0; sample < kSamples; ++sample) {
    alone.push_back(encoder_->encode(input.narrow(0, sample, 1), all_taps(1)));
  }
  for (const int64_t batch : {int64_t{1}, int64_t{3}, kSamples}) {
    for (const int threads : {1, 2, 7}) {
      for (int64_t begin = 0; begin < kSamples; begin += batch) {
        const int64_t count = std::min(batch, kSamples - begin);
        const auto together = encoder_->encode(input.narrow(0, begin, count), all_taps(threads));
        for (int64_t slot = 0; slot < count; ++slot) {
          for (std::size_t tap = 0; tap < together.size(); ++tap) {
            const TapOutput& expected = alone[static_cast<std::size_t>(begin + slot)][tap];
            const TapOutput& found = together[tap];
            ASSERT_TRUE(same_bits(found.tokens[slot], expected.tokens[0]) &&
                        same_bits(found.pooled[slot], expected.pooled[0]) &&
                        same_bits(found.patch_mean[slot], expected.patch_mean[0]))
                << found.name << ", batch " << batch << ", slot " << slot << ", " << threads
                << " threads";
          }
        }
      }
    }
  }
}

TEST_P(EncoderContract, ATapHasTheSameBitsWhateverElseIsAsked) {
  const at::Tensor input = frames(1, 2 * encoder_->info().frames_per_step);
  const auto all = encoder_->encode(input, all_taps(0));
  for (const TapOutput& expected : all) {
    const auto alone = encoder_->encode(input, {{expected.name}, true, 0});
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_TRUE(same_bits(alone[0].tokens, expected.tokens)) << expected.name;
    const auto pooled_only = encoder_->encode(input, {{expected.name}, false, 0});
    EXPECT_FALSE(pooled_only[0].tokens.defined()) << expected.name;
    EXPECT_TRUE(same_bits(pooled_only[0].pooled, expected.pooled)) << expected.name;
    EXPECT_TRUE(same_bits(pooled_only[0].patch_mean, expected.patch_mean)) << expected.name;
  }
}

TEST_P(EncoderContract, TapsComeInTheOrderRequestedAndDefaultsWhenNoneIs) {
  const at::Tensor input = frames(1, encoder_->info().frames_per_step);
  std::vector<std::string> reversed = tap_names(encoder_->info());
  std::reverse(reversed.begin(), reversed.end());
  const auto outputs = encoder_->encode(input, {reversed, false, 0});
  ASSERT_EQ(outputs.size(), reversed.size());
  for (std::size_t i = 0; i < reversed.size(); ++i) EXPECT_EQ(outputs[i].name, reversed[i]);
  const auto defaults = encoder_->encode(input, {});
  ASSERT_EQ(defaults.size(), encoder_->info().default_taps.size());
  for (std::size_t i = 0; i < defaults.size(); ++i)
    EXPECT_EQ(defaults[i].name, encoder_->info().default_taps[i]);
}

TEST_P(EncoderContract, UnknownTapNamesTheNearest) {
  try {
    encoder_->encode(frames(1, encoder_->info().frames_per_step), {{"pixle"}, true, 0});
    FAIL() << "tap 'pixle' was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("'pixel'"), std::string::npos) << error.message();
  }
}

TEST_P(EncoderContract, NonFiniteFramesAreRefused) {
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    at::Tensor input = frames(2, encoder_->info().frames_per_step);
    input[1][0][0][2][3] = value;
    try {
      encoder_->encode(input, {});
      FAIL() << value << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_NE(error.message().find("sample 1"), std::string::npos) << error.message();
    }
  }
}

TEST_P(EncoderContract, FramesOfAnotherShapeAreRefused) {
  const at::Tensor good = frames(1, encoder_->info().frames_per_step);
  for (const at::Tensor& bad :
       {at::Tensor(), good[0], good.to(at::kDouble), good.slice(0, 0, 0),
        at::zeros({1, encoder_->info().frames_per_step, 2, case_.height, case_.width})}) {
    try {
      encoder_->encode(bad, {});
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    }
  }
}

TEST_P(EncoderContract, UntrainedHasFreshWeightsOrDoesNotExist) {
  const auto untrained = encoder_->untrained(5);
  if (!encoder_->info().has_weights) {
    EXPECT_EQ(untrained, nullptr);
    return;
  }
  ASSERT_NE(untrained, nullptr);
  EXPECT_EQ(untrained->info().weights_digest, "random-5");
  EXPECT_EQ(untrained->info().canonical, encoder_->info().canonical);
  const at::Tensor input = frames(1, encoder_->info().frames_per_step);
  const EncodeOptions last = {{encoder_->info().taps.back().name}, true, 0};
  const at::Tensor drawn = untrained->encode(input, last)[0].tokens;
  EXPECT_TRUE(same_bits(encoder_->untrained(5)->encode(input, last)[0].tokens, drawn));
  EXPECT_FALSE(same_bits(encoder_->untrained(6)->encode(input, last)[0].tokens, drawn));
  EXPECT_FALSE(same_bits(encoder_->encode(input, last)[0].tokens, drawn));
}

/// What a cache key takes from an encoder.
std::string identity(const EncoderInfo& info) {
  return info.canonical + "|" + info.preprocess.canonical() + "|" + info.weights_digest;
}

TEST_P(EncoderContract, EveryOptionChangesTheIdentityOrChecksTheWeights) {
  for (const EncoderFamily& family : encoder_families()) {
    if (family.name != GetParam()) continue;
    for (const std::string& option : family.options) {
      SCOPED_TRACE(option);
      nlohmann::json config = case_.config;
      const auto refused = case_.refused_values.find(option);
      if (refused != case_.refused_values.end()) {
        config["options"][option] = refused->second;
        EXPECT_THROW(make_encoder(config), Error);
        continue;
      }
      const auto neutral = case_.neutral_values.find(option);
      if (neutral != case_.neutral_values.end()) {
        config["options"][option] = neutral->second;
        EXPECT_EQ(identity(make_encoder(config)->info()), identity(encoder_->info()));
        continue;
      }
      ASSERT_EQ(case_.other_values.count(option), 1U) << "add the option to contract_cases.h";
      config["options"][option] = case_.other_values.at(option);
      EXPECT_NE(identity(make_encoder(config)->info()), identity(encoder_->info()));
    }
    EXPECT_EQ(case_.other_values.size() + case_.refused_values.size() + case_.neutral_values.size(),
              family.options.size());
  }
  EXPECT_EQ(identity(make_encoder(case_.config)->info()), identity(encoder_->info()));
}

TEST_P(EncoderContract, PreprocessingChangesTheIdentityAndTheId) {
  nlohmann::json config = case_.config;
  const bool is_bilinear = encoder_->info().preprocess.filter == ResampleFilter::kBilinear;
  config["preprocess"]["filter"] = is_bilinear ? "bicubic" : "bilinear";
  const auto changed = make_encoder(config);
  EXPECT_NE(identity(changed->info()), identity(encoder_->info()));
  EXPECT_EQ(changed->info().canonical, encoder_->info().canonical);
  EXPECT_NE(changed->info().id, encoder_->info().id);
}

TEST_P(EncoderContract, UnknownOptionIsRefused) {
  nlohmann::json config = case_.config;
  config["options"]["no_such_option"] = 1;
  try {
    make_encoder(config);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("no_such_option"), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Families,
                         EncoderContract,
                         ::testing::ValuesIn(registered_names()),
                         [](const ::testing::TestParamInfo<std::string>& family) {
                           return family.param;
                         });

}  // namespace
}  // namespace physprobe

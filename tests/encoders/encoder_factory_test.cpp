#include "physprobe/encoders/encoder_factory.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace physprobe {
namespace {

using nlohmann::json;

void expect_usage_error(const json& config, const std::string& part) {
  try {
    make_encoder(config);
    FAIL() << config << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(EncoderFactoryTest, FamilyNamesAreUniqueAndDescribed) {
  std::set<std::string> names;
  for (const EncoderFamily& family : encoder_families()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_FALSE(family.description.empty()) << family.name;
  }
  EXPECT_EQ(names.count("pixels"), 1U);
  EXPECT_EQ(names.count("v1"), 1U);
}

TEST(EncoderFactoryTest, IdStandsForFamily) {
  EXPECT_EQ(make_encoder({{"id", "pixels"}})->info().family, "pixels");
  EXPECT_EQ(make_encoder({{"id", "pixels"}, {"family", "pixels"}})->info().family, "pixels");
  expect_usage_error({{"id", "pixels"}, {"family", "v1"}}, "give one");
}

TEST(EncoderFactoryTest, UnknownFamilyNamesTheNearest) {
  expect_usage_error({{"family", "pixel"}}, "'pixels'");
  expect_usage_error({{"family", "V1"}}, "v1");
}

TEST(EncoderFactoryTest, UnknownKeysNameTheNearest) {
  expect_usage_error({{"family", "v1"}, {"option", json::object()}}, "'options'");
  expect_usage_error({{"family", "v1"}, {"options", {{"scale", 4}}}}, "'scales'");
  expect_usage_error({{"family", "pixels"}, {"options", {{"size", 4}}}}, "no key is accepted");
  expect_usage_error({{"family", "pixels"}, {"preprocess", {{"heigth", 4}}}}, "'height'");
}

TEST(EncoderFactoryTest, MalformedConfigsAreRefused) {
  expect_usage_error(json::array(), "mapping");
  expect_usage_error(json::object(), "names no encoder");
  expect_usage_error({{"family", 3}}, "expected text");
  expect_usage_error({{"family", "v1"}, {"options", 3}}, "mapping");
  expect_usage_error({{"family", "v1"}, {"weights", "a.safetensors"}}, "no trained weights");
}

TEST(EncoderFactoryTest, BadPreprocessValuesAreRefusedByName) {
  const auto with = [](const char* key, const json& value) {
    return json{{"family", "pixels"}, {"preprocess", {{key, value}}}};
  };
  expect_usage_error(with("resize", "stretch"), "squash");
  expect_usage_error(with("filter", 2), "bilinear");
  expect_usage_error(with("size", -1), "'size' is -1");
  expect_usage_error(with("height", 1e9), "whole number");
  expect_usage_error(with("mean", 0.5), "three numbers");
  expect_usage_error(with("std", json::array({1, 1, "a"})), "three numbers");
  expect_usage_error(with("scale_to_unit", 1), "true or false");
}

TEST(EncoderFactoryTest, PreprocessFieldsAreRead) {
  const json overrides = {{"name", "mine"},
                          {"resize", "short_side"},
                          {"height", 64},
                          {"filter", "bilinear"},
                          {"crop", 56},
                          {"arithmetic", "pillow_uint8"},
                          {"crop_offset", "floor"},
                          {"mean", {0.1, 0.2, 0.3}},
                          {"std", {0.4, 0.5, 0.6}},
                          {"scale_to_unit", true},
                          {"width", 64}};
  const auto encoder = make_encoder({{"family", "pixels"}, {"preprocess", overrides}});
  const PreprocessSpec& spec = encoder->info().preprocess;
  EXPECT_EQ(spec.name, "mine");
  EXPECT_EQ(spec.resize, ResizeRule::kShortSide);
  EXPECT_EQ(spec.height, 64);
  EXPECT_EQ(spec.crop, 56);
  EXPECT_EQ(spec.filter, ResampleFilter::kBilinear);
  EXPECT_EQ(spec.arithmetic, ResampleArithmetic::kPillowUint8);
  EXPECT_EQ(spec.crop_offset, CropOffset::kFloor);
  EXPECT_EQ(spec.mean, (std::array<double, 3>{0.1, 0.2, 0.3}));
  EXPECT_EQ(spec.stddev, (std::array<double, 3>{0.4, 0.5, 0.6}));
  EXPECT_EQ(encoder->info().taps[0].width, 3 * 56 * 56);
}

}  // namespace
}  // namespace physprobe

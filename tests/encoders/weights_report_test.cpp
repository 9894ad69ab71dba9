#include "physprobe/encoders/weights_report.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/safetensors.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

namespace physprobe {
namespace {

using testing::golden_path;
using testing::TempDir;

std::string file(const std::string& name) {
  return golden_path("encoders/" + name);
}

TEST(WeightsReportTest, SaysWhatAFileHoldsAndLooksLike) {
  const std::string path = file("clip.hf.safetensors");
  const WeightsReport report = inspect_weights(path, {});
  EXPECT_EQ(report.format, "safetensors");
  EXPECT_EQ(report.digest, sha256_file(path));
  EXPECT_EQ(report.detected_family, "clip");
  EXPECT_EQ(report.tensors.size(), 40U);
  ASSERT_FALSE(report.families.empty());
  EXPECT_EQ(report.families[0].family, "clip");
  EXPECT_TRUE(report.families[0].fits) << report.families[0].reason;
  for (std::size_t i = 1; i < report.families.size(); ++i) {
    EXPECT_FALSE(report.families[i].fits) << report.families[i].family;
    EXPECT_FALSE(report.families[i].reason.empty()) << report.families[i].family;
  }
}

TEST(WeightsReportTest, SaysWhatIsMissingAndNotFinite) {
  const TempDir dir;
  auto tensors = read_safetensors(file("dinov2_plain.orig.safetensors"));
  tensors.erase("blocks.1.norm2.bias");
  tensors["blocks.0.extra"] = at::ones({2});
  tensors["norm.weight"][3] = std::numeric_limits<float>::quiet_NaN();
  write_safetensors(dir / "w.safetensors", tensors, {{"num_heads", "3"}});
  const WeightsReport report = inspect_weights(dir / "w.safetensors", {"dinov2", 0, "", true});
  ASSERT_EQ(report.families.size(), 1U);
  EXPECT_EQ(report.families[0].missing, (std::vector<std::string>{"blocks.1.norm2.bias [36]"}));
  EXPECT_EQ(report.families[0].unexpected, (std::vector<std::string>{"blocks.0.extra"}));
  for (const WeightsTensor& tensor : report.tensors) {
    EXPECT_EQ(tensor.not_finite, tensor.name == "norm.weight" ? 1 : 0) << tensor.name;
  }
}

TEST(WeightsReportTest, AnUnknownModelIsAResultAndAnUnknownFamilyIsNot) {
  const TempDir dir;
  write_safetensors(dir / "w.safetensors", {{"layer.weight", at::ones({2})}});
  const WeightsReport report = inspect_weights(dir / "w.safetensors", {});
  EXPECT_EQ(report.detected_family, "");
  EXPECT_FALSE(report.families.front().fits);
  try {
    inspect_weights(dir / "w.safetensors", {"dinov4", 0, "", true});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("dinov3"), std::string::npos) << error.message();
  }
}

TEST(WeightsReportTest, ConversionKeepsEveryBit) {
  const TempDir dir;
  const std::string output = dir / "out.safetensors";
  EXPECT_EQ(convert_weights(file("ijepa.pth.tar"), output, {"encoder.module", "keep"}), 29);
  const auto expected = read_safetensors(file("ijepa.orig.safetensors"));
  const auto found = read_safetensors(output);
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(at::equal(found.at(name), tensor)) << name;
  EXPECT_EQ(SafetensorsFile::open(output).metadata().at("source_sha256"),
            sha256_file(file("ijepa.pth.tar")));
}

TEST(WeightsReportTest, ConversionRoundsOnlyWhenAskedAndNeverToInfinity) {
  const TempDir dir;
  const std::string input = dir / "in.safetensors";
  const std::string output = dir / "out.safetensors";
  write_safetensors(input, {{"w", at::full({3}, 1e6)}, {"n", at::ones({2}, at::kLong)}});
  convert_weights(input, output, {"", "bfloat16"});
  EXPECT_EQ(read_safetensors(output).at("w").scalar_type(), at::kBFloat16);
  EXPECT_EQ(read_safetensors(output).at("n").scalar_type(), at::kLong);
  EXPECT_THROW(convert_weights(input, output, {"", "float16"}), Error);  // half ends at 65504
  EXPECT_THROW(convert_weights(input, output, {"nowhere", "keep"}), Error);
  EXPECT_THROW(convert_weights(input, output, {"", "float8"}), Error);
}

}  // namespace
}  // namespace physprobe

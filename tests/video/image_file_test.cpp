#include "physprobe/video/image_file.h"

#include "support/temp_dir.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::error_of;
using testing::pattern_frame;
using testing::TempDir;
using testing::write_bytes;

TEST(ImageFile, PngIsLossless) {
  TempDir dir;
  const at::Tensor image = pattern_frame(3, 17, 29);
  write_bytes(dir / "a.png", encode_png(image));
  EXPECT_TRUE(at::equal(read_image(dir / "a.png"), image));
}

TEST(ImageFile, JpegIsCloseAndQualityMatters) {
  TempDir dir;
  at::Tensor smooth = at::empty({32, 48, 3}, at::kByte);
  for (int64_t x = 0; x < 48; ++x) smooth.select(1, x).fill_(5 * x);
  write_bytes(dir / "a.jpg", encode_jpeg(smooth, 95));
  const at::Tensor difference = read_image(dir / "a.jpg").to(at::kInt) - smooth.to(at::kInt);
  EXPECT_LE(difference.abs().max().item<int>(), 6);
  EXPECT_LT(encode_jpeg(pattern_frame(0, 64, 64), 10).size(),
            encode_jpeg(pattern_frame(0, 64, 64), 95).size());
  EXPECT_EQ(encode_jpeg(smooth, 80), encode_jpeg(smooth, 80));
}

TEST(ImageFile, SizesComeFromTheHeader) {
  const auto expect_size = [](const std::string& bytes) {
    EXPECT_EQ(image_size("x", bytes), std::make_pair(int64_t{17}, int64_t{29}));
  };
  expect_size(encode_png(pattern_frame(0, 17, 29)));
  expect_size(encode_jpeg(pattern_frame(0, 17, 29), 50));
  const std::string bmp =
      std::string("BM") + std::string(16, '\0') + std::string("\x1D\0\0\0\xEF\xFF\xFF\xFF", 8);
  expect_size(bmp);  // height -17: stored top down
}

TEST(ImageFile, GiantHeaderIsRefusedBeforeDecoding) {
  TempDir dir;
  std::string bytes = encode_png(pattern_frame(0, 17, 29));
  for (std::size_t i = 16; i < 24; ++i) bytes[i] = i % 4 == 0 ? '\0' : '\x7F';
  write_bytes(dir / "giant.png", bytes);
  EXPECT_EQ(error_of([&] { read_image(dir / "giant.png"); }).kind(), ErrorKind::kResource);
}

TEST(ImageFile, UnreadableFilesAreNamed) {
  TempDir dir;
  const std::string png = encode_png(pattern_frame(0, 17, 29));
  const std::string jpeg = encode_jpeg(pattern_frame(0, 17, 29), 90);
  const std::vector<std::pair<std::string, std::string>> files = {
      {"empty.png", ""},
      {"text.png", "no image at all, but long enough to hold a header"},
      {"cut.png", png.substr(0, png.size() - 20)},
      {"cut.jpg", jpeg.substr(0, jpeg.size() / 2)},
      {"head.jpg", jpeg.substr(0, 8)}};
  for (const auto& [name, bytes] : files) {
    write_bytes(dir / name, bytes);
    const Error error = error_of([&] { read_image(dir / name); });
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << name;
    EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
  }
  EXPECT_EQ(error_of([&] { read_image(dir / "absent.png"); }).kind(), ErrorKind::kInput);
}

TEST(ImageFile, EncodersRefuseWrongInput) {
  const at::Tensor image = pattern_frame(0, 8, 8);
  EXPECT_EQ(error_of([&] { encode_jpeg(image, 0); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { encode_jpeg(image, 101); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { encode_png(image.to(at::kFloat)); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { encode_png(image.select(2, 0)); }).kind(), ErrorKind::kUsage);
}

}  // namespace
}  // namespace physprobe

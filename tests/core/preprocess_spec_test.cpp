#include "physprobe/core/preprocess_spec.h"

#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <vector>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

PreprocessSpec example() {
  PreprocessSpec spec;
  spec.name = "example";
  spec.resize = ResizeRule::kShortSide;
  spec.height = 256;
  spec.width = 0;
  spec.crop = 224;
  spec.mean = {0.485, 0.456, 0.406};
  spec.stddev = {0.229, 0.224, 0.225};
  return spec;
}

TEST(PreprocessSpec, EveryFieldThatChangesAValueChangesTheCanonicalText) {
  const std::vector<std::function<void(PreprocessSpec&)>> changes = {
      [](PreprocessSpec& s) { s.colour = ColourRule::kLuma; },
      [](PreprocessSpec& s) { s.resize = ResizeRule::kNone; },
      [](PreprocessSpec& s) { s.resize = ResizeRule::kSquash; },
      [](PreprocessSpec& s) { s.resize = ResizeRule::kCenterSquare; },
      [](PreprocessSpec& s) { s.height = 255; },
      [](PreprocessSpec& s) { s.width = 1; },
      [](PreprocessSpec& s) { s.filter = ResampleFilter::kBilinear; },
      [](PreprocessSpec& s) { s.filter = ResampleFilter::kLanczos; },
      [](PreprocessSpec& s) { s.arithmetic = ResampleArithmetic::kFloatAntialias; },
      [](PreprocessSpec& s) { s.arithmetic = ResampleArithmetic::kFloatPlain; },
      [](PreprocessSpec& s) { s.crop = 223; },
      [](PreprocessSpec& s) { s.crop_offset = CropOffset::kFloor; },
      [](PreprocessSpec& s) { s.scale_to_unit = false; },
      [](PreprocessSpec& s) { s.mean[0] = 0.5; },
      [](PreprocessSpec& s) { s.mean[1] = 0.5; },
      [](PreprocessSpec& s) { s.mean[2] = std::nextafter(0.406, 1.0); },
      [](PreprocessSpec& s) { s.stddev[0] = 0.5; },
      [](PreprocessSpec& s) { s.stddev[1] = 0.5; },
      [](PreprocessSpec& s) { s.stddev[2] = std::nextafter(0.225, 1.0); },
  };
  std::set<std::string> texts = {example().canonical()};
  for (const auto& change : changes) {
    PreprocessSpec spec = example();
    change(spec);
    texts.insert(spec.canonical());
  }
  EXPECT_EQ(texts.size(), changes.size() + 1);
}

TEST(PreprocessSpec, TheNameDoesNotChangeTheCanonicalText) {
  PreprocessSpec renamed = example();
  renamed.name = "other";
  EXPECT_EQ(renamed.canonical(), example().canonical());
}

// Cache keys of existing stores depend on this text: a change invalidates every cache.
TEST(PreprocessSpec, CanonicalTextIsStable) {
  EXPECT_EQ(example().canonical(),
            "preprocess-1;colour=rgb;resize=short_side;height=256;width=0;filter=bicubic;"
            "arithmetic=pillow_uint8;crop=224;crop_offset=torchvision;scale_to_unit=1;"
            "mean=0.485,0.456,0.406;stddev=0.229,0.224,0.225");
}

TEST(PreprocessSpec, ValidSpecsPass) {
  EXPECT_NO_THROW(example().validate());
  EXPECT_NO_THROW(PreprocessSpec{}.validate());
}

TEST(PreprocessSpec, EachBadFieldIsNamed) {
  const auto refused = [](const std::string& field,
                          const std::function<void(PreprocessSpec&)>& change) {
    PreprocessSpec spec = example();
    change(spec);
    return throws_error(ErrorKind::kUsage, field, [&] { spec.validate(); });
  };
  EXPECT_TRUE(refused("preprocess.height", [](PreprocessSpec& s) { s.height = 0; }));
  EXPECT_TRUE(refused("preprocess.height", [](PreprocessSpec& s) { s.height = 1 << 20; }));
  EXPECT_TRUE(
      refused("preprocess.width", [](PreprocessSpec& s) { s.resize = ResizeRule::kSquash; }));
  EXPECT_TRUE(refused("preprocess.crop", [](PreprocessSpec& s) { s.crop = -1; }));
  EXPECT_TRUE(refused("short side", [](PreprocessSpec& s) { s.crop = 257; }));
  EXPECT_TRUE(refused("size after resizing (100x256)", [](PreprocessSpec& s) {
    s.resize = ResizeRule::kSquash;
    s.width = 100;
  }));
  EXPECT_TRUE(refused("preprocess.mean[1]", [](PreprocessSpec& s) {
    s.mean[1] = std::numeric_limits<double>::quiet_NaN();
  }));
  EXPECT_TRUE(refused("preprocess.stddev[2]", [](PreprocessSpec& s) { s.stddev[2] = 0.0; }));
}

}  // namespace
}  // namespace physprobe

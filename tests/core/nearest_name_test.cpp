#include "physprobe/core/nearest_name.h"

#include <gmock/gmock.h>

namespace physprobe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kNames = {"dinov2", "dinov3", "vjepa2", "pixels", "v1"};

TEST(NearestName, OrdersByEditDistance) {
  EXPECT_THAT(nearest_names("dinov2x", kNames), ElementsAre("dinov2", "dinov3"));
  EXPECT_THAT(nearest_names("dino", kNames), ElementsAre("dinov2", "dinov3"));
}

TEST(NearestName, SwappedNeighboursCountOnce) {
  EXPECT_THAT(nearest_names("piexls", {"pixels", "peels"}), ElementsAre("pixels", "peels"));
}

TEST(NearestName, CaseDoesNotMatter) {
  EXPECT_THAT(nearest_names("DINOV3", kNames, 1), ElementsAre("dinov3"));
}

TEST(NearestName, FarNamesAreLeftOut) {
  EXPECT_THAT(nearest_names("straightening", kNames), IsEmpty());
}

TEST(NearestName, LimitHolds) {
  EXPECT_EQ(nearest_names("dino", kNames, 1).size(), 1u);
}

TEST(NearestName, SentencesForZeroOneTwoThree) {
  EXPECT_EQ(did_you_mean("pixel", kNames), "; did you mean 'pixels'?");
  EXPECT_EQ(did_you_mean("dino", kNames), "; did you mean 'dinov2' or 'dinov3'?");
  EXPECT_EQ(did_you_mean("abd", {"abc", "abe", "abf"}), "; did you mean 'abc', 'abe' or 'abf'?");
  EXPECT_EQ(did_you_mean("straightening", {"v1", "pixels"}), "; known: v1, pixels");
  EXPECT_EQ(did_you_mean("x", {}), "; none are known");
}

}  // namespace
}  // namespace physprobe

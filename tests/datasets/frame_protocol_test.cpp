#include "physprobe/datasets/voe/frame_protocol.h"

#include "physprobe/core/error.h"
#include "physprobe/datasets/voe/voe_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace physprobe {
namespace {

using ::testing::ElementsAre;

int64_t windows(const FrameProtocol& protocol, int64_t n_frames) {
  const auto used = static_cast<int64_t>(protocol_frames(protocol, 0, n_frames).size());
  return used < protocol.window ? 0 : (used - protocol.window) / protocol.stride + 1;
}

TEST(FrameProtocol, IntPhysUsesFloorOf99OverSkip) {
  FrameProtocol protocol = frame_protocol("intphys");
  EXPECT_EQ(protocol_frames(protocol, 0, 100).size(), 49U);
  EXPECT_EQ(protocol_frames(protocol, 0, 100).back(), 96);
  EXPECT_EQ(windows(protocol, 100), 17);
  protocol.skip = 5;
  EXPECT_EQ(protocol_frames(protocol, 0, 100).size(), 19U);
  protocol.skip = 10;  // too few for a window of 16
  EXPECT_EQ(protocol_frames(protocol, 0, 100).size(), 9U);
  EXPECT_EQ(windows(protocol, 100), 0);
}

TEST(FrameProtocol, EveryDefaultBelongsToItsLayout) {
  for (const char* layout : {"intphys", "grasp", "inflevel"}) {
    ASSERT_NE(default_frame_protocol(layout), nullptr);
    EXPECT_EQ(default_frame_protocol(layout)->name, layout);
  }
  EXPECT_EQ(default_frame_protocol("intphys2")->name, "intphys2-16");
  EXPECT_EQ(default_frame_protocol("manifest"), nullptr);
  EXPECT_EQ(default_frame_protocol(""), nullptr);
  for (const FrameProtocol& protocol : frame_protocols()) {
    for (const int64_t context : protocol.contexts) EXPECT_LT(context, protocol.window);
  }
  EXPECT_THROW(frame_protocol("intphys3"), Error);
}

TEST(FrameProtocol, FramesBeginWhereThePrimingEnds) {
  FrameProtocol protocol = frame_protocol("inflevel");
  EXPECT_THAT(protocol_frames(protocol, 7, 20), ElementsAre(7, 12, 17));
  EXPECT_TRUE(protocol_frames(protocol, 20, 20).empty());
}

TEST(FrameProtocol, TheLongerRemainderLosesItsFirstFrames) {
  const AlignedStarts starts = aligned_starts(10, 100, 5, 80);  // 90 and 75 frames remain
  EXPECT_EQ(starts.first, 25);
  EXPECT_EQ(starts.second, 5);
  EXPECT_EQ(100 - starts.first, 80 - starts.second);
  EXPECT_EQ(aligned_starts(3, 10, 3, 10).first, 3);
}

TEST(VoeItem, ReadsItsAttributes) {
  DatasetItem item;
  item.id = "a";
  EXPECT_EQ(property_of(item), "all");
  EXPECT_EQ(first_frame_of(item), 0);
  item.attributes = {{kPropertyAttribute, "O1"}, {kFirstFrameAttribute, "31"}};
  EXPECT_EQ(property_of(item), "O1");
  EXPECT_EQ(first_frame_of(item), 31);
  item.attributes[kFirstFrameAttribute] = "3.5";
  EXPECT_THROW(first_frame_of(item), Error);
}

}  // namespace
}  // namespace physprobe

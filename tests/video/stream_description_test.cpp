// One packet's description of a stream against that of avformat_find_stream_info, which decodes.
#include "physprobe/video/stream_description.h"

#include <gtest/gtest.h>

#include <cstring>

#include "video/video_fixtures.h"

namespace physprobe {
namespace {

using testing::clip_path;

UniqueInputContext opened(const std::string& name) {
  AVFormatContext* context = nullptr;
  const int result = avformat_open_input(&context, clip_path(name).c_str(), nullptr, nullptr);
  EXPECT_EQ(result, 0) << name;
  return UniqueInputContext(context);
}

AVStream& video_of(const AVFormatContext& container) {
  const int index = av_find_best_stream(const_cast<AVFormatContext*>(&container),
                                        AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  return *container.streams[index < 0 ? 0 : index];
}

/// The first packet of the video.
UniquePacket first_packet(AVFormatContext& container) {
  UniquePacket packet(av_packet_alloc());
  const int wanted = video_of(container).index;
  while (av_read_frame(&container, packet.get()) >= 0) {
    if (packet->stream_index == wanted) return packet;
    av_packet_unref(packet.get());
  }
  ADD_FAILURE() << "no packet";
  return packet;
}

class Described : public ::testing::TestWithParam<const char*> {};

TEST_P(Described, AsByDecoding) {
  const UniqueInputContext container = opened(GetParam());
  ASSERT_TRUE(is_described_but_for_pictures(*container));
  AVCodecParameters& parameters = *video_of(*container).codecpar;
  ASSERT_EQ(parameters.format, AV_PIX_FMT_NONE);  // the header does not tell
  const UniquePacket packet = first_packet(*container);
  ASSERT_TRUE(describe_by_first_packet(*packet, 1 << 20, parameters));

  const UniqueInputContext decoded = opened(GetParam());
  ASSERT_GE(avformat_find_stream_info(decoded.get(), nullptr), 0);
  const AVStream& stream = video_of(*decoded);
  const AVCodecParameters& expected = *stream.codecpar;
  EXPECT_EQ(parameters.format, expected.format);
  EXPECT_EQ(parameters.color_range, expected.color_range);
  EXPECT_EQ(parameters.field_order, expected.field_order);
  EXPECT_EQ(parameters.width, expected.width);
  EXPECT_EQ(parameters.height, expected.height);
  EXPECT_EQ(video_of(*container).avg_frame_rate.num, stream.avg_frame_rate.num);
  EXPECT_EQ(video_of(*container).avg_frame_rate.den, stream.avg_frame_rate.den);
  EXPECT_EQ(video_of(*container).duration, stream.duration);
  EXPECT_EQ(video_of(*container).nb_frames, stream.nb_frames);
}

INSTANTIATE_TEST_SUITE_P(Fixtures,
                         Described,
                         ::testing::Values("plain.mp4",
                                           "bt709.mp4",
                                           "cover_art.mp4",
                                           "edit_list.mp4",
                                           "full_range.mp4",
                                           "intra_refresh.mp4",
                                           "long.mp4",
                                           "odd_444.mp4",
                                           "one_frame.mp4",
                                           "open_gop.mp4",
                                           "rotated_90.mp4",
                                           "ten_bit.mp4",
                                           "wide_130.mp4"),
                         [](const auto& fixture) {
                           const std::string name = fixture.param;
                           return name.substr(0, name.find('.'));
                         });

TEST(StreamDescription, HeadersThatLeaveMoreOpen) {
  for (const char* name :
       {"fragmented.mp4", "hevc.mp4", "b_frames.avi", "start_offset.mkv", "transport.ts"})
    EXPECT_FALSE(is_described_but_for_pictures(*opened(name))) << name;
}

TEST(StreamDescription, FieldsNeedMorePackets) {
  const UniqueInputContext container = opened("interlaced.mp4");
  ASSERT_TRUE(is_described_but_for_pictures(*container));
  EXPECT_FALSE(
      describe_by_first_packet(*first_packet(*container), 1 << 20, *video_of(*container).codecpar));
}

TEST(StreamDescription, DamagedOrForeignPacketsLeaveEverything) {
  const UniqueInputContext container = opened("plain.mp4");
  AVCodecParameters& parameters = *video_of(*container).codecpar;
  const UniquePacket packet = first_packet(*container);
  const auto is_refused = [&] {
    const bool is_described = describe_by_first_packet(*packet, 1 << 20, parameters);
    return !is_described && parameters.format == AV_PIX_FMT_NONE;
  };
  ASSERT_EQ(av_packet_make_writable(packet.get()), 0);
  const std::vector<uint8_t> sound(packet->data, packet->data + packet->size);
  std::memset(packet->data, 0, static_cast<std::size_t>(packet->size));
  EXPECT_TRUE(is_refused()) << "no unit";
  std::memset(packet->data, 0xFF, static_cast<std::size_t>(packet->size));
  EXPECT_TRUE(is_refused()) << "longer than the packet";
  std::memcpy(packet->data, sound.data(), sound.size());
  parameters.width += 16;
  EXPECT_TRUE(is_refused()) << "another size than the header's";
  parameters.width -= 16;
  EXPECT_FALSE(describe_by_first_packet(*packet, 16, parameters)) << "giant pictures";
  packet->size = 0;
  EXPECT_TRUE(is_refused()) << "empty";
  packet->size = static_cast<int>(sound.size());
  EXPECT_TRUE(describe_by_first_packet(*packet, 1 << 20, parameters));
}

}  // namespace
}  // namespace physprobe

#include "physprobe/video/stream_description.h"

#include "physprobe/video/h264_units.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace physprobe {
namespace {

constexpr int64_t kSliceBytes = 256;  // more than any header of a slice

struct CloseParser {
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};

/// The packet up to the begin of its first slice; empty if it has none.
std::vector<uint8_t> begin_of_first_slice(const AVPacket& packet,
                                          const AVCodecParameters& parameters) {
  const int length_size = h264_length_size(parameters);
  std::vector<uint8_t> begin;
  for (int64_t at = 0; at + length_size < packet.size;) {
    int64_t length = 0;
    for (int i = 0; i < length_size; ++i) length = length << 8 | packet.data[at + i];
    const uint8_t* const unit = packet.data + at + length_size;
    if (length < 1 || length > packet.size - at - length_size) return {};
    const bool is_slice = h264_unit(unit[0]) != H264Unit::kOther;
    const int64_t kept = is_slice ? std::min(length, kSliceBytes) : length;
    for (int i = length_size - 1; i >= 0; --i)
      begin.push_back(static_cast<uint8_t>(kept >> (8 * i)));
    begin.insert(begin.end(), unit, unit + kept);
    if (is_slice) return begin;
    at += length_size + length;
  }
  return {};
}

/// A decoder that has been shown `data`, or nothing.
UniqueCodecContext shown_to_decoder(const std::vector<uint8_t>& data,
                                    int64_t max_pixels,
                                    const AVCodecParameters& parameters) {
  const AVCodec* const codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) return nullptr;
  UniqueCodecContext decoder(avcodec_alloc_context3(codec));
  const UniquePacket packet(av_packet_alloc());
  if (decoder == nullptr || packet == nullptr) return nullptr;
  if (avcodec_parameters_to_context(decoder.get(), &parameters) < 0) return nullptr;
  decoder->thread_count = 1;
  decoder->max_pixels = max_pixels;
  decoder->error_concealment = 0;  // no picture is wanted
  decoder->skip_loop_filter = AVDISCARD_ALL;
  if (avcodec_open2(decoder.get(), codec, nullptr) < 0) return nullptr;
  if (av_new_packet(packet.get(), static_cast<int>(data.size())) < 0) return nullptr;
  std::memcpy(packet->data, data.data(), data.size());
  packet->flags = AV_PKT_FLAG_KEY;
  // The slice ends too early: whether that is an error is the decoder's affair.
  static_cast<void>(avcodec_send_packet(decoder.get(), packet.get()));
  return decoder;
}

bool may_be_fields(const std::vector<uint8_t>& data, AVCodecContext& decoder) {
  const std::unique_ptr<AVCodecParserContext, CloseParser> parser(av_parser_init(decoder.codec_id));
  if (parser == nullptr) return true;
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  std::vector<uint8_t> padded = data;
  padded.resize(data.size() + AV_INPUT_BUFFER_PADDING_SIZE, 0);
  uint8_t* out = nullptr;
  int out_size = 0;
  av_parser_parse2(parser.get(), &decoder, &out, &out_size, padded.data(),
                   static_cast<int>(data.size()), AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
  return parser->field_order != AV_FIELD_PROGRESSIVE;
}

}  // namespace

bool is_described_but_for_pictures(const AVFormatContext& container) {
  if (std::string(container.iformat->name).find("mp4") == std::string::npos) return false;
  bool has_video = false;
  for (unsigned i = 0; i < container.nb_streams; ++i) {
    const AVStream& stream = *container.streams[i];
    const AVCodecParameters& parameters = *stream.codecpar;
    const bool is_cover = (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (parameters.codec_type != AVMEDIA_TYPE_VIDEO || is_cover) continue;
    if (parameters.codec_id != AV_CODEC_ID_H264 || h264_length_size(parameters) == 0 ||
        parameters.width <= 0 || parameters.height <= 0 || stream.avg_frame_rate.num <= 0 ||
        stream.duration <= 0 || stream.nb_frames <= 0)
      return false;
    has_video = true;
  }
  return has_video;
}

bool describe_by_first_packet(const AVPacket& first,
                              int64_t max_pixels,
                              AVCodecParameters& parameters) {
  const std::vector<uint8_t> data = begin_of_first_slice(first, parameters);
  if (data.empty()) return false;
  const UniqueCodecContext decoder = shown_to_decoder(data, max_pixels, parameters);
  if (decoder == nullptr || decoder->pix_fmt == AV_PIX_FMT_NONE ||
      decoder->width != parameters.width || decoder->height != parameters.height ||
      may_be_fields(data, *decoder))
    return false;
  parameters.format = decoder->pix_fmt;
  parameters.color_range = decoder->color_range;
  parameters.field_order = AV_FIELD_PROGRESSIVE;
  return true;
}

}  // namespace physprobe

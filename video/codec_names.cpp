#include "physprobe/video/codec_names.h"

#include "physprobe/video/video_writer.h"

namespace physprobe {

const std::vector<VideoCodec>& writable_codecs() {
  static const std::vector<VideoCodec> codecs = {
      {"h264", "libx264", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV444P, {".mp4", ".mov", ".mkv"}},
      // 4:2:0 of an odd size is legal in VP8: the last chroma sample covers one column or row.
      {"vp8", "libvpx", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P, {".webm", ".mkv"}},
      {"mpeg4", "mpeg4", AV_PIX_FMT_YUV420P, AV_PIX_FMT_NONE, {".mp4", ".mov", ".mkv", ".avi"}},
      {"ffv1", "ffv1", AV_PIX_FMT_BGR0, AV_PIX_FMT_BGR0, {".mkv", ".avi"}},
  };
  return codecs;
}

std::vector<std::string> available_encoders() {
  std::vector<std::string> names;
  for (const VideoCodec& codec : writable_codecs()) {
    if (avcodec_find_encoder_by_name(codec.encoder_name) != nullptr) names.push_back(codec.name);
  }
  return names;
}

std::vector<std::string> available_decoders() {
  static constexpr AVCodecID kIds[] = {
      AV_CODEC_ID_H264,  AV_CODEC_ID_HEVC,  AV_CODEC_ID_AV1,        AV_CODEC_ID_VP8,
      AV_CODEC_ID_VP9,   AV_CODEC_ID_MPEG4, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_PRORES,
      AV_CODEC_ID_MJPEG, AV_CODEC_ID_FFV1,  AV_CODEC_ID_GIF};
  std::vector<std::string> names;
  for (const AVCodecID id : kIds) {
    if (avcodec_find_decoder(id) != nullptr) names.emplace_back(avcodec_get_name(id));
  }
  return names;
}

}  // namespace physprobe

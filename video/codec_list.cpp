#include "physprobe/video/ffmpeg_handles.h"
#include "physprobe/video/video_writer.h"

namespace physprobe {

std::vector<std::string> available_encoders() {
  std::vector<std::string> found;
  for (const auto& [name, encoder] : {std::pair<const char*, const char*>{"h264", "libx264"},
                                      {"vp8", "libvpx"},
                                      {"mpeg4", "mpeg4"},
                                      {"ffv1", "ffv1"}}) {
    if (avcodec_find_encoder_by_name(encoder) != nullptr) found.emplace_back(name);
  }
  return found;
}

std::vector<std::string> available_decoders() {
  std::vector<std::string> found;
  for (const auto& [name, id] : {std::pair<const char*, AVCodecID>{"h264", AV_CODEC_ID_H264},
                                 {"hevc", AV_CODEC_ID_HEVC},
                                 {"av1", AV_CODEC_ID_AV1},
                                 {"vp8", AV_CODEC_ID_VP8},
                                 {"vp9", AV_CODEC_ID_VP9},
                                 {"mpeg4", AV_CODEC_ID_MPEG4},
                                 {"mjpeg", AV_CODEC_ID_MJPEG},
                                 {"ffv1", AV_CODEC_ID_FFV1}}) {
    if (avcodec_find_decoder(id) != nullptr) found.emplace_back(name);
  }
  return found;
}

}  // namespace physprobe

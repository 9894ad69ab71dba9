#pragma once
// The codecs physprobe names, and which of FFmpeg's implementations stand for them. Internal to
// `video/`.

#include "physprobe/video/ffmpeg_handles.h"

#include <string>
#include <vector>

namespace physprobe {

/// How a codec is written: which library, in which pixel formats, into which containers.
struct VideoCodec {
  std::string name;                     ///< As in VideoWriterOptions::codec.
  const char* encoder_name;             ///< FFmpeg's.
  AVPixelFormat even_format;            ///< For even sizes.
  AVPixelFormat odd_format;             ///< For odd sizes; AV_PIX_FMT_NONE if the codec cannot.
  std::vector<std::string> containers;  ///< Extensions.
};

/// In order of preference.
const std::vector<VideoCodec>& writable_codecs();

}  // namespace physprobe

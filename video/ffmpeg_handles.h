#pragma once
// Owning aliases for FFmpeg's C structures, one per kind, so that no raw handle needs a manual free
// and no exception leaks one. Internal: the only header through which `video/` sees FFmpeg.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

namespace physprobe {

/// Frees with a function that takes the address of the pointer and clears it (most of FFmpeg).
template <auto free_function>
struct AvFreeByAddress {
  template <typename T>
  void operator()(T* pointer) const {
    free_function(&pointer);
  }
};

/// Frees with a function that takes the pointer itself.
template <auto free_function>
struct AvFree {
  template <typename T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};

using UniqueInputContext = std::unique_ptr<AVFormatContext, AvFreeByAddress<avformat_close_input>>;
using UniqueOutputContext = std::unique_ptr<AVFormatContext, AvFree<avformat_free_context>>;
using UniqueCodecContext = std::unique_ptr<AVCodecContext, AvFreeByAddress<avcodec_free_context>>;
using UniqueFrame = std::unique_ptr<AVFrame, AvFreeByAddress<av_frame_free>>;
using UniquePacket = std::unique_ptr<AVPacket, AvFreeByAddress<av_packet_free>>;
using UniqueFilter = std::unique_ptr<AVBSFContext, AvFreeByAddress<av_bsf_free>>;
using UniqueSwsContext = std::unique_ptr<SwsContext, AvFree<sws_freeContext>>;

/// Owns an AVDictionary, whose pointer FFmpeg replaces on every change.
class AvDictionary {
 public:
  AvDictionary() = default;
  ~AvDictionary() { av_dict_free(&dictionary_); }
  AvDictionary(const AvDictionary&) = delete;
  AvDictionary& operator=(const AvDictionary&) = delete;

  void set(const char* key, const std::string& value) {
    av_dict_set(&dictionary_, key, value.c_str(), 0);
  }
  AVDictionary** address() { return &dictionary_; }

 private:
  AVDictionary* dictionary_ = nullptr;
};

/// Switches FFmpeg's messages off for the process: what they say reaches the user as an Error,
/// once. Asked for at every opening, because OpenCV switches them on when it first writes a video.
inline void quieten_ffmpeg() {
  if (av_log_get_level() != AV_LOG_QUIET) av_log_set_level(AV_LOG_QUIET);
}

/// FFmpeg's own words for an error code.
inline std::string av_error_text(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof(text));
  return text;
}

}  // namespace physprobe

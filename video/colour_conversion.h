#pragma once
// Decoded pictures to packed 8-bit RGB with the bytes of OpenCV's VideoCapture. swscale's bytes
// depend on its flags, on the alignment of rows and, where chroma is interpolated, on what lies
// behind the edge of the picture, so all three are part of the definition. Internal to `video/`.

#include "physprobe/video/aligned_bytes.h"
#include "physprobe/video/ffmpeg_handles.h"
#include "physprobe/video/frame_reader.h"

#include <cstdint>
#include <functional>

namespace physprobe {

/// Size of a picture as coded: codecs work in blocks, and decoders cut to the size shown.
struct CodedSize {
  int width = 0;
  int height = 0;
};

class ColourConversion {
 public:
  explicit ColourConversion(ColourTags tags = ColourTags::kHonoured) : tags_(tags) {}

  /// Writes `frame` as packed RGB, (height, width, 3) uint8, to `out`.
  void to_rgb(const AVFrame& frame, const CodedSize& coded, uint8_t* out);

  /// Whether swscale converts rows of such a picture without looking at those above and below.
  static bool converts_in_bands(const AVFrame& frame);
  /// The same bytes in bands of rows, without memory for the whole picture, if converts_in_bands:
  /// calls `body(first row, rows, rgb, bytes from row to row)`, which returns false to stop; false
  /// then.
  bool to_rgb_bands(const AVFrame& frame,
                    const CodedSize& coded,
                    const std::function<bool(int, int, const uint8_t*, int)>& body);

 private:
  /// What a conversion depends on besides the pixels.
  struct Source {
    int format = AV_PIX_FMT_NONE;
    int colour_space = 0;
    int colour_range = 0;
    int width = 0;
    int height = 0;
    bool operator==(const Source& other) const;
  };
  void prepare(const Source& source);
  void apply_tags(const Source& source);
  uint8_t* padded_rows(int rows);

  ColourTags tags_;
  UniqueSwsContext context_;
  Source source_;
  AVPixelFormat target_format_ = AV_PIX_FMT_NONE;
  AlignedBytes padded_rows_;  // (rows, padded_row_bytes) when rows cannot go to `out` directly
};

/// Bits per colour component of a pixel format; 8 if unknown.
int component_depth(AVPixelFormat format);

}  // namespace physprobe

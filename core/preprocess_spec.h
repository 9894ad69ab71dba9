#pragma once
// How a decoded frame becomes an encoder's input. An encoder names the spec, `video/` applies it,
// and its canonical text is part of every cache key, so that no field can change a value unnoticed.

#include <array>
#include <cstdint>
#include <string>

namespace physprobe {

enum class ResizeRule {
  kNone,       ///< Keep the frame's size.
  kSquash,     ///< To height x width, aspect ratio ignored.
  kShortSide,  ///< Short side to `height`, long side int(height * long / short), then centre crop
               ///< if `crop` > 0.
  kCenterSquare,   ///< Centred square crop of side min(H, W), then to height x width (skipped when
                   ///< equal).
  kBoundedSquash,  ///< The long side cut (centred) to twice the short one where it is longer; then
                   ///< to height x width, aspect ratio ignored.
};

enum class ResampleFilter { kBilinear, kBicubic, kLanczos };

enum class ResampleArithmetic {
  kPillowUint8,     ///< Antialiased, fixed point, uint8 after each pass: Pillow's bytes.
  kFloatAntialias,  ///< Antialiased float32 on x/255, no clamping: torch antialias=True (bicubic a
                    ///< = -0.5).
  kOpenCvUint8,     ///< No antialiasing, fixed point: OpenCV's bytes for arrays.
  kFloatPlain,      ///< No antialiasing, edge clamp: torch antialias=False (bicubic a = -0.75).
};

enum class CropOffset {
  kTorchvision,  ///< round half to even of (n - crop) / 2.
  kFloor,        ///< floor((n - crop) / 2), the Hugging Face processors' rule.
};

enum class ColourRule {
  kRgb,   ///< Three channels, R G B.
  kLuma,  ///< One channel: Rec.601 luma of the coded values, rounded half up to uint8, before
          ///< resizing.
};

struct PreprocessSpec {
  std::string
      name;  ///< Preset name for people ("dinov2", "restrav", …); not part of the canonical text.
  ColourRule colour = ColourRule::kRgb;
  ResizeRule resize = ResizeRule::kNone;
  int64_t height = 0;  ///< Target of the resize, pixels (short side for kShortSide).
  int64_t width = 0;   ///< Target of the resize, pixels (unused for kShortSide).
  ResampleFilter filter = ResampleFilter::kBicubic;
  ResampleArithmetic arithmetic = ResampleArithmetic::kPillowUint8;
  int64_t crop = 0;  ///< Side of the centre crop after resizing; 0 = none.
  CropOffset crop_offset = CropOffset::kTorchvision;
  bool scale_to_unit = true;                       ///< Divide by 255.
  std::array<double, 3> mean = {0.0, 0.0, 0.0};    ///< Subtracted per channel after scaling.
  std::array<double, 3> stddev = {1.0, 1.0, 1.0};  ///< Divided by per channel after subtraction.

  /// Every field that changes a value, in a fixed order and with full precision.
  std::string canonical() const;

  /// Throws Error(kUsage) naming field, value and allowed range.
  void validate() const;
};

}  // namespace physprobe

#include "physprobe/core/preprocess_spec.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <cmath>

namespace physprobe {

namespace {

constexpr int64_t kMaxSide = 16384;

const char* text_of(ColourRule rule) {
  return rule == ColourRule::kRgb ? "rgb" : "luma";
}

const char* text_of(ResizeRule rule) {
  switch (rule) {
    case ResizeRule::kNone:
      return "none";
    case ResizeRule::kSquash:
      return "squash";
    case ResizeRule::kShortSide:
      return "short_side";
    case ResizeRule::kCenterSquare:
      return "center_square";
    case ResizeRule::kBoundedSquash:
      return "bounded_squash";
  }
  return "unknown";
}

const char* text_of(ResampleFilter filter) {
  switch (filter) {
    case ResampleFilter::kBilinear:
      return "bilinear";
    case ResampleFilter::kBicubic:
      return "bicubic";
    case ResampleFilter::kLanczos:
      return "lanczos";
  }
  return "unknown";
}

const char* text_of(ResampleArithmetic arithmetic) {
  switch (arithmetic) {
    case ResampleArithmetic::kPillowUint8:
      return "pillow_uint8";
    case ResampleArithmetic::kFloatAntialias:
      return "float_antialias";
    case ResampleArithmetic::kOpenCvUint8:
      return "opencv_uint8";
    case ResampleArithmetic::kFloatPlain:
      return "float_plain";
  }
  return "unknown";
}

const char* text_of(CropOffset offset) {
  return offset == CropOffset::kTorchvision ? "torchvision" : "floor";
}

[[noreturn]] void refuse(const std::string& field,
                         const std::string& value,
                         const std::string& range) {
  throw Error(ErrorKind::kUsage, field, "is " + value + ", expected " + range);
}

void check_side(const std::string& field, int64_t value, int64_t least) {
  if (value < least || value > kMaxSide) {
    refuse(field, std::to_string(value), fmt::format("{} to {} pixels", least, kMaxSide));
  }
}

}  // namespace

std::string PreprocessSpec::canonical() const {
  // fmt prints doubles with the shortest digits that round-trip, whatever the locale.
  return fmt::format(
      "preprocess-1;colour={};resize={};height={};width={};filter={};arithmetic={};crop={};"
      "crop_offset={};scale_to_unit={};mean={},{},{};stddev={},{},{}",
      text_of(colour), text_of(resize), height, width, text_of(filter), text_of(arithmetic), crop,
      text_of(crop_offset), scale_to_unit ? 1 : 0, mean[0], mean[1], mean[2], stddev[0], stddev[1],
      stddev[2]);
}

void PreprocessSpec::validate() const {
  if (resize != ResizeRule::kNone) {
    check_side("preprocess.height", height, 1);
    if (resize != ResizeRule::kShortSide) check_side("preprocess.width", width, 1);
  }
  check_side("preprocess.crop", crop, 0);
  if (crop > 0 && resize == ResizeRule::kShortSide && crop > height) {
    refuse("preprocess.crop", std::to_string(crop),
           fmt::format("at most the short side after resizing ({})", height));
  }
  if (crop > 0 && resize != ResizeRule::kNone && resize != ResizeRule::kShortSide &&
      (crop > height || crop > width)) {
    refuse("preprocess.crop", std::to_string(crop),
           fmt::format("at most the size after resizing ({}x{})", width, height));
  }
  for (std::size_t i = 0; i < mean.size(); ++i) {
    if (!std::isfinite(mean[i])) {
      refuse(fmt::format("preprocess.mean[{}]", i), fmt::format("{}", mean[i]), "a finite number");
    }
    if (!std::isfinite(stddev[i]) || stddev[i] <= 0.0) {
      refuse(fmt::format("preprocess.stddev[{}]", i), fmt::format("{}", stddev[i]),
             "a finite number above 0");
    }
  }
}

}  // namespace physprobe

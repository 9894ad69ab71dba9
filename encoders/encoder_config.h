#pragma once
// Strict reading of an encoder's configuration: unknown keys are refused with the nearest valid
// one, values out of range with the allowed range. Internal.

#include "physprobe/core/preprocess_spec.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Throws Error(kUsage) unless `object` is a JSON object whose keys are all in `known`.
void refuse_unknown_keys(const nlohmann::json& object,
                         const std::vector<std::string>& known,
                         const std::string& subject);

/// The object under `key`, an empty one when absent. Throws Error(kUsage) when it is no object.
nlohmann::json object_field(const nlohmann::json& config,
                            const std::string& key,
                            const std::string& subject);

/// The values under `key`, or `fallback` when absent. Throw Error(kUsage) naming field, value and
/// what is allowed.
int64_t integer_field(const nlohmann::json& object,
                      const std::string& key,
                      int64_t fallback,
                      int64_t lowest,
                      int64_t highest,
                      const std::string& subject);
std::string choice_field(const nlohmann::json& object,
                         const std::string& key,
                         const std::string& fallback,
                         const std::vector<std::string>& choices,
                         const std::string& subject);
std::string string_field(const nlohmann::json& object,
                         const std::string& key,
                         const std::string& fallback,
                         const std::string& subject);

/// `base` with the fields of `overrides` put in: name, colour {rgb, luma}, resize {none, squash,
/// short_side, center_square, bounded_squash}, size (height and width at once), height, width,
/// filter {bilinear, bicubic, lanczos}, arithmetic {pillow_uint8, float_antialias, opencv_uint8,
/// float_plain}, crop, crop_offset {torchvision, floor}, scale_to_unit, mean, std (three numbers
/// each). The result is validated.
PreprocessSpec read_preprocess(const nlohmann::json& overrides,
                               const PreprocessSpec& base,
                               const std::string& subject);

/// "" when the specs give the same values, else "-p" and eight hexadecimal digits of `changed`'s
/// digest: keeps the ids of one model under two preprocessings apart.
std::string preprocess_suffix(const PreprocessSpec& base, const PreprocessSpec& changed);

}  // namespace physprobe

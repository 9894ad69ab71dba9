#pragma once
// Still images: size from the header alone (so that a giant picture is refused before memory is
// taken), decoding to packed RGB. Internal to `video/`.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace physprobe {

/// Height and width that the header of a PNG, JPEG or BMP file declares. Throws Error(kInput)
/// naming `path` if `bytes` is none of them.
std::pair<int64_t, int64_t> image_size(const std::string& path, std::string_view bytes);

/// Decodes to (height, width, 3) RGB at `out`, whose size has to be what image_size says. Grey
/// images give three equal channels; alpha is dropped, 16 bits become 8; EXIF orientation is
/// ignored. Throws Error(kInput).
void decode_image(
    const std::string& path, std::string_view bytes, int64_t height, int64_t width, uint8_t* out);

}  // namespace physprobe

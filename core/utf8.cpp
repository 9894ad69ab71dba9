#include "physprobe/core/utf8.h"

#include <fmt/format.h>

namespace physprobe {

std::size_t utf8_character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80                    ? 1
                             : lead >= 0xC2 && lead <= 0xDF ? 2
                             : (lead & 0xF0) == 0xE0        ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    const auto byte = static_cast<unsigned char>(text[k]);
    if ((byte & 0xC0) != 0x80) return 0;
    if (k > 1) continue;
    if ((lead == 0xE0 && byte < 0xA0) || (lead == 0xED && byte > 0x9F) ||
        (lead == 0xF0 && byte < 0x90) || (lead == 0xF4 && byte > 0x8F)) {
      return 0;
    }
  }
  return length;
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_character_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string with_invalid_bytes_escaped(std::string_view text) {
  std::string escaped;
  while (const std::optional<std::size_t> invalid = first_invalid_utf8(text)) {
    escaped += text.substr(0, *invalid);
    escaped += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[*invalid]));
    text.remove_prefix(*invalid + 1);
  }
  return escaped.append(text);
}

}  // namespace physprobe

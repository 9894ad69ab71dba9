#pragma once
// Well-formed UTF-8: what names, tables and headers have to be before they are written anywhere.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace physprobe {

/// Bytes of the character at the start of `text` (not empty), 0 if it is not well-formed (RFC 3629:
/// overlong forms, surrogates and values above U+10FFFF are not).
std::size_t utf8_character_length(std::string_view text);

/// Offset of the first byte that is not part of well-formed UTF-8, nullopt if there is none.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

/// `text` with every byte that is not part of well-formed UTF-8 written as \xE9: for messages.
std::string with_invalid_bytes_escaped(std::string_view text);

}  // namespace physprobe

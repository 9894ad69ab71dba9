#pragma once
// When two texts are the same name to a person or to another file system although their bytes
// differ: spellings of an accented letter, and upper or lower case. Internal.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace physprobe {

/// Offset of the first byte that is not part of well-formed UTF-8 (overlong forms, surrogates and
/// values above U+10FFFF are not), nullopt if there is none.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

/// `text` with every character decomposed and its marks in canonical order: equal for two spellings
/// of one text, within the scope of canonical_decomposition.h. Requires valid UTF-8.
std::string decomposed_form(std::string_view text);

/// The decomposed form in lower case (Latin, Greek and Cyrillic letters). Requires valid UTF-8.
std::string case_blind_form(std::string_view text);

}  // namespace physprobe

#pragma once
// When two texts are the same name to a person or to another file system although their bytes
// differ: spellings of an accented letter, and upper or lower case. Internal.

#include <string>
#include <string_view>

namespace physprobe {

/// `text` with every character decomposed and its marks in canonical order: equal for two spellings
/// of one text, within the scope of canonical_decomposition.h. Requires valid UTF-8.
std::string decomposed_form(std::string_view text);

/// The decomposed form in lower case (Latin, Greek and Cyrillic letters). Requires valid UTF-8.
std::string case_blind_form(std::string_view text);

}  // namespace physprobe

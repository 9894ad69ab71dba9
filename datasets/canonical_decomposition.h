#pragma once
// The part of Unicode's canonical equivalence that names of files and items meet: which characters
// are other spellings of a base character and its marks. Covers every canonical decomposition below
// U+3100 (Latin, Vietnamese, Greek, Cyrillic, kana and others) and the Hangul syllables; not the
// compatibility ideographs or musical symbols above. Internal.

#include <string>

namespace physprobe {

/// Appends `character`, taken apart fully; characters without a decomposition as they are.
void append_decomposed(char32_t character, std::u32string& out);

/// Canonical combining class, by which marks on one base are ordered; 0 for all but marks of the
/// ranges above.
int combining_class(char32_t character);

}  // namespace physprobe

#pragma once
// Which characters belong to a word, as regular expressions of Python see it (\w and \b on text):
// answer parsers of published benchmarks depend on it beyond ASCII.

#include <cstddef>
#include <string_view>

namespace physprobe {

/// Letter, digit or numeric character of any script (Python's str.isalnum(), Unicode 14), or
/// underscore.
bool is_word_character(char32_t code_point);

/// Whether the UTF-8 character that starts at `position` is a word character; false at the end of
/// the text and for malformed bytes.
bool is_word_at(std::string_view text, std::size_t position);

/// Whether the UTF-8 character that ends before `position` is one; false at the start of the text.
bool is_word_before(std::string_view text, std::size_t position);

/// Position of the first whole-word occurrence of `word` (ASCII, lower case) at or after `from`,
/// ignoring the case of ASCII letters; npos if there is none.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

}  // namespace physprobe

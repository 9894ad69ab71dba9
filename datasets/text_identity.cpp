#include "physprobe/datasets/text_identity.h"

#include "physprobe/core/utf8.h"
#include "physprobe/datasets/canonical_decomposition.h"

#include <algorithm>
#include <vector>

namespace physprobe {

namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::u32string decode(std::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_character_length(text), 1);
    auto value = static_cast<char32_t>(static_cast<unsigned char>(text[0]));
    if (length > 1) value &= 0xFFU >> (length + 1);
    for (std::size_t i = 1; i < length; ++i) {
      value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    characters.push_back(value);
    text.remove_prefix(length);
  }
  return characters;
}

std::string encode(const std::u32string& characters) {
  std::string text;
  for (const char32_t c : characters) {
    if (c < 0x80) {
      text.push_back(static_cast<char>(c));
      continue;
    }
    const int following = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    const auto marker = 0xFFU << (7 - following) & 0xFFU;
    text.push_back(static_cast<char>(marker | c >> (6 * following)));
    for (int i = following - 1; i >= 0; --i) {
      text.push_back(static_cast<char>(0x80U | (c >> (6 * i) & 0x3FU)));
    }
  }
  return text;
}

std::u32string decompose(std::string_view text) {
  std::u32string decomposed;
  for (const char32_t character : decode(text)) append_decomposed(character, decomposed);
  // Marks between two starters are sorted by class; equal classes keep their order.
  auto begin = decomposed.begin();
  while (begin != decomposed.end()) {
    if (combining_class(*begin) == 0) {
      ++begin;
      continue;
    }
    const auto end =
        std::find_if(begin, decomposed.end(), [](char32_t c) { return combining_class(c) == 0; });
    std::stable_sort(
        begin, end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
  return decomposed;
}

/// Lower case of a letter that has no decomposition.
char32_t lower_case(char32_t c) {
  const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (within(U'A', U'Z')) return c + 32;
  if (within(0xC0, 0xDE) && c != 0xD7) return c + 32;
  // Latin Extended-A: pairs of upper (even) and lower (odd), odd first from U+0139 and U+0179.
  if (within(0x100, 0x137) && c != 0x130 && c != 0x131) return c | 1U;
  if (within(0x14A, 0x177)) return c | 1U;
  if (within(0x139, 0x148) || within(0x179, 0x17E)) return c + (c & 1U);
  if (within(0x391, 0x3A9)) return c + 32;
  if (c == 0x3C2) return 0x3C3;  // final sigma
  if (within(0x410, 0x42F)) return c + 32;
  if (within(0x400, 0x40F)) return c + 80;
  return c;
}

}  // namespace

std::string decomposed_form(std::string_view text) {
  return is_ascii(text) ? std::string(text) : encode(decompose(text));
}

std::string case_blind_form(std::string_view text) {
  if (is_ascii(text)) {
    std::string lower(text);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
  }
  std::u32string characters = decompose(text);
  for (char32_t& character : characters) character = lower_case(character);
  return encode(characters);
}

}  // namespace physprobe

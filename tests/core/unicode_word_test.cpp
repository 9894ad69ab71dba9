#include "physprobe/core/unicode_word.h"

#include <gtest/gtest.h>

#include <string>

namespace physprobe {
namespace {

// Reference values: '\w' of CPython 3.11's re on each character.
TEST(UnicodeWord, ClassifiesAsPythonDoes) {
  for (const char32_t c : {U'a', U'Z', U'7', U'_', U'\u00e9', U'\u00df', U'\u3042', U'\u662f',
                           U'\u0663', U'\u00b2', U'\u00bd', U'\u2160', U'\uff21', U'\U0001d400'})
    EXPECT_TRUE(is_word_character(c)) << std::hex << static_cast<uint32_t>(c);
  for (const char32_t c : {U' ', U'.', U'-', U'\u3002', U'\uff1a', U'\u0301', U'\u00a0', U'\u200b',
                           U'\U0001f600', U'\u20ac'})
    EXPECT_FALSE(is_word_character(c)) << std::hex << static_cast<uint32_t>(c);
}

TEST(UnicodeWord, LooksBothWaysInUtf8) {
  const std::string text = "\u00e9B\u662f.";
  EXPECT_TRUE(is_word_before(text, 2));
  EXPECT_TRUE(is_word_at(text, 3));
  EXPECT_FALSE(is_word_at(text, 6));
  EXPECT_FALSE(is_word_at(text, 7));
  EXPECT_FALSE(is_word_before(text, 0));
}

TEST(UnicodeWord, MalformedBytesAreNoWord) {
  EXPECT_FALSE(is_word_at("\xff", 0));
  EXPECT_FALSE(is_word_at("\xe6\x98", 0));
  EXPECT_FALSE(is_word_at("\x98", 0));
}

TEST(UnicodeWord, FindsWholeWordsWhateverTheirCase) {
  EXPECT_EQ(find_word("Impossible! possible", "possible"), 12U);
  EXPECT_EQ(find_word("NOT Possible", "not possible"), 0U);
  EXPECT_EQ(find_word("possibly", "possible"), std::string::npos);
  EXPECT_EQ(find_word("no. No!", "no", 1), 4U);
  EXPECT_EQ(find_word("", "a"), std::string::npos);
}

}  // namespace
}  // namespace physprobe

#include "physprobe/core/utf8.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

TEST(Utf8, TheFirstMalformedByteIsFound) {
  EXPECT_EQ(first_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(first_invalid_utf8("a\xC3\xA9\xE3\x81\x8C\xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(first_invalid_utf8("ab\xE9"), 2U);
  EXPECT_EQ(first_invalid_utf8("\xC0\xAF"), 0U);          // overlong '/'
  EXPECT_EQ(first_invalid_utf8("\xE0\x80\xAF"), 0U);      // overlong
  EXPECT_EQ(first_invalid_utf8("\xED\xA0\x80"), 0U);      // surrogate
  EXPECT_EQ(first_invalid_utf8("\xF4\x90\x80\x80"), 0U);  // above U+10FFFF
  EXPECT_EQ(first_invalid_utf8("x\xE3\x81"), 1U);         // cut off
}

TEST(Utf8, MalformedBytesAreShownAsEscapes) {
  EXPECT_EQ(with_invalid_bytes_escaped("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(with_invalid_bytes_escaped("caf\xE9.mp4\xFF"), "caf\\xE9.mp4\\xFF");
}

}  // namespace
}  // namespace physprobe

#include "physprobe/datasets/text_identity.h"

#include <gtest/gtest.h>

namespace physprobe {
namespace {

TEST(TextIdentity, SpellingsOfOneLetterHaveOneForm) {
  // e acute; Angstrom sign against A ring; Vietnamese e circumflex dot below in three spellings;
  // kana GA; Hangul HAN.
  EXPECT_EQ(decomposed_form("\xC3\xA9"), "e\xCC\x81");
  EXPECT_EQ(decomposed_form("\xE2\x84\xAB"), decomposed_form("\xC3\x85"));
  EXPECT_EQ(decomposed_form("\xE1\xBB\x87"), "e\xCC\xA3\xCC\x82");
  EXPECT_EQ(decomposed_form("\xC3\xAA\xCC\xA3"), "e\xCC\xA3\xCC\x82");
  EXPECT_EQ(decomposed_form("e\xCC\x82\xCC\xA3"), "e\xCC\xA3\xCC\x82");
  EXPECT_EQ(decomposed_form("\xE3\x81\x8C"), "\xE3\x81\x8B\xE3\x82\x99");
  EXPECT_EQ(decomposed_form("\xED\x95\x9C"), "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB");
}

TEST(TextIdentity, OrderOfMarksAtOnePlaceMatters) {
  EXPECT_NE(decomposed_form("e\xCC\x81\xCC\x82"), decomposed_form("e\xCC\x82\xCC\x81"));
}

TEST(TextIdentity, OtherTextIsLeftAsItIs) {
  const std::string text = "plain_0 \xF0\x9F\x98\x80 \xE6\xBC\xA2";
  EXPECT_EQ(decomposed_form(text), text);
}

TEST(TextIdentity, CaseBlindFormFoldsLatinGreekAndCyrillic) {
  EXPECT_EQ(case_blind_form("AbZ[`"), "abz[`");
  EXPECT_EQ(case_blind_form("\xC3\x98"), "\xC3\xB8");                  // O stroke
  EXPECT_EQ(case_blind_form("\xC3\x97"), "\xC3\x97");                  // multiplication sign
  EXPECT_EQ(case_blind_form("\xC5\x81"), "\xC5\x82");                  // L stroke
  EXPECT_EQ(case_blind_form("\xC5\x82"), "\xC5\x82");                  // l stroke
  EXPECT_EQ(case_blind_form("\xC4\x90"), "\xC4\x91");                  // D stroke
  EXPECT_EQ(case_blind_form("\xC5\x92"), "\xC5\x93");                  // OE
  EXPECT_EQ(case_blind_form("\xCE\xA3\xCF\x82"), "\xCF\x83\xCF\x83");  // sigmas
  EXPECT_EQ(case_blind_form("\xD0\x96\xD0\x81"), case_blind_form("\xD0\xB6\xD1\x91"));
  EXPECT_EQ(case_blind_form("\xC3\x89"), "e\xCC\x81");
}

}  // namespace
}  // namespace physprobe

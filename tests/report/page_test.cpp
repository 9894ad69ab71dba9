#include "physprobe/report/page.h"

#include "physprobe/core/error.h"
#include "physprobe/report/assets.h"

#include <gtest/gtest.h>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::count_of;

std::map<std::string, std::string> slots() {
  std::map<std::string, std::string> slots;
  for (const char* name :
       {"title", "headline", "notes", "summary", "retrieval", "nulls", "layers", "difference",
        "scores", "failures", "provenance", "angles-spec", "media-css", "room", "cards", "facts"}) {
    slots[name] = std::string("[") + name + "]";
  }
  return slots;
}

TEST(Page, FillsEverySlot) {
  const std::string page = compose_page(slots());
  for (const auto& [name, text] : slots()) EXPECT_EQ(count_of(page, text), 1) << name;
}

TEST(Page, ASlotWithoutTextIsABug) {
  auto missing = slots();
  missing.erase("cards");
  try {
    compose_page(missing);
    FAIL() << "the page was composed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
  }
}

TEST(Page, SlotTextsAreNotTemplates) {
  auto texts = slots();
  texts["cards"] = "{{policy}} {{nonsense}}";
  EXPECT_NE(compose_page(texts).find("{{policy}} {{nonsense}}"), std::string::npos);
}

TEST(Page, PolicyAllowsTheTwoScriptsByDigestAndNothingElse) {
  const std::string page = compose_page(slots());
  const std::size_t begin = page.find("default-src 'none'");
  ASSERT_NE(begin, std::string::npos);
  const std::string policy = page.substr(begin, page.find("\">", begin) - begin);
  EXPECT_EQ(count_of(policy, "'sha256-"), 2);
  EXPECT_EQ(policy.find("unsafe-eval"), std::string::npos);
  EXPECT_EQ(count_of(policy, "unsafe-inline"), 1) << "for styles only";
  EXPECT_NE(policy.find("style-src 'unsafe-inline'"), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);
  EXPECT_EQ(policy.find("connect-src"), std::string::npos);
}

TEST(Page, AssetsHoldNoAddressThatAPageWouldFetch) {
  EXPECT_EQ(std::string(asset_page()).find("//"), std::string::npos) << "no link leaves the file";
  EXPECT_EQ(std::string(asset_css()).find("url("), std::string::npos);
  EXPECT_EQ(std::string(asset_css()).find("@import"), std::string::npos);
  EXPECT_NE(asset_vega().find("Redistribution and use"), std::string_view::npos)
      << "Vega's licence travels with it";
}

}  // namespace
}  // namespace physprobe

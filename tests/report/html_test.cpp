#include "physprobe/report/html.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <clocale>

namespace physprobe {
namespace {

using PlainJson = nlohmann::json;

TEST(Html, EscapesWhatCouldLeaveTextOrAttribute) {
  EXPECT_EQ(escape_html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_html(std::string("x\0y\x01", 4)), "x\xEF\xBF\xBDy\xEF\xBF\xBD");
  EXPECT_EQ(escape_html("tab\tline\n"), "tab\tline\n");
  EXPECT_EQ(bdi("مثال <1>"), "<bdi>مثال &lt;1&gt;</bdi>");
}

TEST(Html, LinksToItemsDecodeToTheirIds) {
  EXPECT_EQ(item_href("a/b c"), "#item-a%2Fb%20c");
  EXPECT_EQ(item_href("ä\"#%"), "#item-%C3%A4%22%23%25");
  EXPECT_EQ(percent_encode("media/a b.jpg", "/"), "media/a%20b.jpg");
}

TEST(Html, Base64MatchesRfc4648) {
  // The test vectors of RFC 4648, section 10.
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFF\xFE"), "//4=");
}

TEST(Html, NumbersAreReadableAndKeepAllDigitsInTheCell) {
  EXPECT_EQ(format_number(PlainJson(57.649), 1), "57.6");
  EXPECT_EQ(format_number(PlainJson(-25.25), 2), "−25.25");
  EXPECT_EQ(format_number(PlainJson(-0.01), 1), "0.0");
  EXPECT_EQ(format_number(PlainJson(), 1), "–");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  const PlainJson interval = {{"low", 41.04}, {"high", 74.0}};
  EXPECT_EQ(format_interval(interval, 1), "[41.0, 74.0]");
  EXPECT_EQ(format_interval(PlainJson{{"low", nullptr}, {"high", 1.0}}, 1), "");
  EXPECT_EQ(number_cell(PlainJson(57.6491), 1, &interval),
            "<td class=\"num\" data-v=\"57.6491\">57.6 <span class=\"ci\" data-low=\"41.04\" "
            "data-high=\"74.0\">[41.0, 74.0]</span></td>");
}

TEST(Html, NumbersDoNotDependOnTheLocale) {
  const char* set = std::setlocale(LC_ALL, "de_DE.UTF-8");
  EXPECT_EQ(format_number(PlainJson(1.5), 1), "1.5");
  if (set != nullptr) std::setlocale(LC_ALL, "C");
}

TEST(Html, JsonCannotEndItsScriptElement) {
  const std::string text = script_json(PlainJson{{"id", "</script><!--"}});
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(PlainJson::parse(text)["id"], "</script><!--");
}

}  // namespace
}  // namespace physprobe

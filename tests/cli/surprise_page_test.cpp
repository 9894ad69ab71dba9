// The page of a scored surprise run in a real browser.

#include "physprobe/core/atomic_file.h"

#include "support/browser.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli_runner.h"
#include "surprise_data.h"

namespace physprobe {
namespace {

using testing::Visit;

class SurprisePageSlow : public testing::BrowserTest {
 protected:
  void SetUp() override {
    BrowserTest::SetUp();
    if (IsSkipped()) return;
    testing::write_surprise_data(dir_.path());
    const auto scored = testing::run_cli(testing::surprise_command(
        dir_.path(), {"--dataset", dir_ / "data", "--out", dir_ / "run"}));
    ASSERT_EQ(scored.code, 0) << scored.err;
  }

  testing::TempDir dir_;
};

TEST_F(SurprisePageSlow, EveryPairIsDrawnAndNothingIsWiderThanADesktopOrAPhone) {
  for (const int width : {1440, 390}) {
    SCOPED_TRACE(width);
    const Visit seen = act(dir_ / "run", width, R"(
view.dispatchEvent(new Event('beforeprint'));
for (const details of page.querySelectorAll('details')) details.open = true;
await until(() => page.querySelectorAll('.voe .plot .mark-symbol path').length > 0);
const wide = [...page.querySelectorAll('main *')].filter((element) =>
  element.getBoundingClientRect().right > view.innerWidth + 1 && !element.closest('.scroll, pre, .filmstrip'));
say('page ' + page.documentElement.scrollWidth + ', wider elements: ' + wide.map((e) => e.outerHTML.slice(0, 80)));
const lines = [...page.querySelectorAll('.voe .plot svg')].map((svg) => svg.querySelectorAll('.mark-line path').length);
say('lines ' + lines + ', pictures ' + [...page.querySelectorAll('.voe img')].filter((image) => image.naturalWidth > 0).length);)");
    expect_quiet(seen);
    expect_said(seen, fmt::format("page {}, wider elements: ", width));
    // A line each of the possible and the impossible video; a strip and a moment of each.
    expect_said(seen, "lines 2,2, pictures 8");
  }
}

TEST_F(SurprisePageSlow, EveryChartSavesAsSvgAndCsv) {
  const Visit seen = act(dir_ / "run", 1280, R"(
const saved = [];
view.dispatchEvent(new Event('beforeprint'));
view.Blob = class { constructor(parts, options) { this.text = parts.join(''); this.type = options.type; } };
view.URL.createObjectURL = (blob) => { saved.push(blob); return '#'; };
view.HTMLAnchorElement.prototype.click = function() {};
for (const button of page.querySelectorAll('.voe [data-save]')) button.click();
await until(() => saved.length >= 4);
for (const {type, text} of saved) {
  const svg = new DOMParser().parseFromString(text, 'image/svg+xml');
  const isSvg = svg.documentElement.localName === 'svg' && svg.querySelectorAll('path').length > 3;
  say(type + ' is svg ' + isSvg + ': ' + text.slice(0, 60).split('\r')[0] + ', lines ' + text.trim().split('\n').length);
})");
  expect_quiet(seen);
  const auto count = [&](const std::string& text) {
    int found = 0;
    for (std::size_t at = seen.dom.find(text); at != std::string::npos;
         at = seen.dom.find(text, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("<li>image/svg+xml is svg true"), 2) << said(seen);
  // Eleven frames, two a slot: six slots (the last of one frame) and the head of the table.
  EXPECT_EQ(count("<li>text/csv is svg false: \"time, s\",possible,impossible, lines 7"), 2)
      << said(seen);
}

}  // namespace
}  // namespace physprobe

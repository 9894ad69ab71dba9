// The page in a real browser: Chromium, headless, as a user who opens the file from disk sees it.

#include "support/browser.h"

#include "physprobe/report/html.h"
#include "physprobe/report/report.h"

#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::count_of;
using testing::read_text;
using testing::SyntheticRun;
using testing::TempDir;
using testing::Visit;
using testing::Window;
using testing::write_synthetic_run;
using testing::write_text;

class ReportBrowserSlow : public testing::BrowserTest {};

/// One video of sixty on the page, the others in report_data/.
std::string write_paged_report(const std::string& folder, SyntheticRun run) {
  write_synthetic_run(run, folder);
  ReportOptions options;
  options.worst = options.best = options.median = 0;
  options.random = 1;
  return read_text(write_report(folder, options));
}

TEST_F(ReportBrowserSlow, TheCheckSeesAnErrorAndARequest) {
  TempDir folder;
  write_text(folder / "bad.html",
             "<!doctype html><img "
             "src=http://example.invalid/x.png><script>console.error('seen')</script>");
  const Visit seen = visit(folder / "bad.html");
  EXPECT_EQ(seen.console.size(), 1U);
  EXPECT_FALSE(seen.requests.empty());
}

TEST_F(ReportBrowserSlow, ChartsAreDrawnInBothThemesWithoutErrorOrRequest) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  const std::string page = write_report(folder.path());
  for (const int width : {1440, 500}) {
    for (const bool is_dark : {false, true}) {
      SCOPED_TRACE(fmt::format("width {}, dark {}", width, is_dark));
      Window window;
      window.width = width;
      window.is_dark = is_dark;
      const Visit seen = visit(page, window);
      expect_quiet(seen);
      // Two charts of the run; the videos' charts are drawn when they come near.
      EXPECT_GE(count_of(seen.dom, "<svg"), 2);
      EXPECT_EQ(count_of(seen.dom, "<article class=\"card\""), 8);
      EXPECT_NE(seen.dom.find(is_dark ? "#5fc0e0" : "#0b6e8f"), std::string::npos)
          << "the theme's colour is in the charts";
    }
  }
}

TEST_F(ReportBrowserSlow, NothingIsWiderThanADesktopOrAPhone) {
  TempDir folder;
  SyntheticRun run;
  run.failures = 3;
  run.first_ids = {std::string(120, 'x'), "a/very_long/path/of_many/parts/and_a_name_at_the_end"};
  write_synthetic_run(run, folder.path());
  write_report(folder.path());
  for (const int width : {1440, 390}) {
    SCOPED_TRACE(width);
    // Before printing the page draws the charts of all videos, also of those far below.
    const Visit seen = act(folder.path(), width, R"(
view.dispatchEvent(new Event('beforeprint'));
for (const details of page.querySelectorAll('details')) details.open = true;
await until(() => page.querySelectorAll('.card .plot svg').length === 8);
const wide = [...page.querySelectorAll('main *')].filter((element) =>
  element.getBoundingClientRect().right > view.innerWidth + 1 && !element.closest('.scroll, pre'));
say('page ' + page.documentElement.scrollWidth + ', wider elements: ' + wide.map((e) => e.outerHTML.slice(0, 80)));
const tables = ['.held', '.summary', '.failures'].map((name) => page.querySelector(name));
say('first tables fit: ' + tables.every((table) => table.scrollWidth <= table.parentElement.clientWidth));)");
    expect_quiet(seen);
    expect_said(seen, fmt::format("page {}, wider elements: ", width));
    expect_said(seen, "first tables fit: true");
  }
}

TEST_F(ReportBrowserSlow, LinksLandWhereTheyPoint) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  write_report(folder.path());
  for (const std::string id : {"provenance", "failures", "item-clip-0006"}) {
    SCOPED_TRACE(id);
    // Charts that are drawn on the way must not push the place away: the bar is 4rem high at most.
    const Visit seen = act(folder.path(), 390, R"(
view.dispatchEvent(new Event('beforeprint'));
await until(() => page.querySelectorAll('.card .plot svg').length === 8);
const top = page.getElementById(decodeURIComponent(view.location.hash.slice(1))).getBoundingClientRect().top;
say('lands at ' + (top > 0 && top < 70 ? 'the top' : top));)",
                           "#" + id);
    expect_quiet(seen);
    expect_said(seen, "lands at the top");
  }
}

TEST_F(ReportBrowserSlow, AClipPlaysInPlaceAndTheStripWindsIt) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  write_report(folder.path());
  for (const int width : {1440, 390}) {
    SCOPED_TRACE(width);
    const Visit seen = act(folder.path(), width, R"(
const card = page.querySelector('article.card');
card.scrollIntoView({behavior: 'instant'});
const video = card.querySelector('video'), play = card.querySelector('.play');
say('names ' + play.getAttribute('aria-label'));
play.click();
await until(() => video.currentTime > 0.1);
say('plays ' + video.videoWidth + ' x ' + video.videoHeight + ', paused ' + video.paused);
say('playhead shown ' + !card.querySelector('.playhead').hidden);
play.click();
await until(() => video.paused);
const reel = card.querySelector('.reel'), box = reel.getBoundingClientRect();
const point = (share) => reel.dispatchEvent(new view.PointerEvent('pointermove', {bubbles: true, pointerType: 'mouse', clientX: box.left + share * box.width, clientY: box.top + 5}));
point(0.98);
await until(() => !video.seeking);
const late = video.currentTime;
point(0.02);
await until(() => !video.seeking);
say('winds ' + (late > 0.5 * video.duration && video.currentTime < 0.1 * video.duration));)");
    expect_quiet(seen);
    expect_said(seen, "names Play the clip");
    expect_said(seen, "plays 48 x 48, paused false");
    expect_said(seen, "playhead shown true");
    expect_said(seen, "winds true");
  }
}

TEST_F(ReportBrowserSlow, TheStripStandsInForAClipThatCannotBePlayed) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  write_text(folder / "media/a.mp4", "no video");
  write_report(folder.path());
  const Visit seen = act(folder.path(), 1280, R"(
await until(() => page.querySelectorAll('.no-clip').length === 4);
say(page.querySelector('.no-clip').textContent);
say('others play ' + page.querySelectorAll('.screen .play').length);)");
  expect_quiet(seen);
  expect_said(seen, "This browser cannot play the clip; the film strip stands in.");
  expect_said(seen, "others play 4");
}

TEST_F(ReportBrowserSlow, EveryChartSavesAsSvgAndCsv) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  write_report(folder.path());
  // What would be downloaded is caught where the page hands it to the browser.
  const Visit seen = act(folder.path(), 1280, R"(
const saved = [], names = [];
view.dispatchEvent(new Event('beforeprint'));
view.Blob = class { constructor(parts, options) { this.text = parts.join(''); this.type = options.type; } };
view.URL.createObjectURL = (blob) => { saved.push(blob); return '#'; };
view.HTMLAnchorElement.prototype.click = function() { names.push(this.download); };
for (const button of page.querySelectorAll('[data-save]')) button.click();
await until(() => saved.length >= 20);
for (const {type, text} of saved) {
  const svg = new DOMParser().parseFromString(text, 'image/svg+xml');
  const isSvg = svg.documentElement.localName === 'svg' && svg.querySelectorAll('path').length > 3;
  say(type + ' is svg ' + isSvg + ': ' + text.slice(0, 200));
}
say('names ' + names.filter((name) => /^[\w.-]+\.(svg|csv)$/.test(name)).length);)");
  expect_quiet(seen);
  // Two charts of the run and one of each of the eight videos.
  EXPECT_EQ(count_of(seen.dom, "<li>image/svg+xml is svg true"), 10);
  EXPECT_EQ(count_of(seen.dom, "<li>text/csv is svg false"), 10);
  EXPECT_EQ(count_of(seen.dom,
                     ": videos,layer,condition,\"mean curvature, deg\",\"mean curvature, deg "
                     "low\",\"mean curvature, deg high\",n"),
            1)
      << said(seen);
  EXPECT_EQ(count_of(seen.dom, ": sample,frame,\"time, s\",pixel,retina,v1"), 8);
  expect_said(seen, "names 20");
}

TEST_F(ReportBrowserSlow, APermanentLinkOpensAVideoFromReportData) {
  TempDir folder;
  SyntheticRun run;
  run.items = 150;
  run.first_ids = {"</script><img src=x onerror=alert(1)>", "it's \"quoted\" ü/§ 100%"};
  const std::string text = write_paged_report(folder.path(), run);
  for (const std::string& id : {run.first_ids[0], run.first_ids[1], std::string("clip-0149")}) {
    SCOPED_TRACE(id);
    ASSERT_EQ(text.find("id=\"" + escape_html("item-" + id) + "\""), std::string::npos)
        << "the seed draws another video onto the page";
    const Visit seen = act(folder.path(), 1280, R"(
await until(() => page.querySelector('.card.target .plot svg'));
const card = page.querySelector('.card.target');
say('opens the linked video ' + (card.id === decodeURIComponent(view.location.hash.slice(1))));
say('from ' + page.getElementById('page-name').textContent.replace(/\d+/, 'N'));
await until(() => Math.abs(card.getBoundingClientRect().top) < 200);
const video = card.querySelector('video');
card.querySelector('.play').click();
await until(() => video.currentTime > 0.1);
say('images made from ids ' + page.querySelectorAll('img').length);)",
                           item_href(id));
    expect_quiet(seen);
    expect_said(seen, "opens the linked video true");
    expect_said(seen, "from page N of 3, from report_data");
    expect_said(seen, "images made from ids 0");
  }
}

TEST_F(ReportBrowserSlow, SearchAndPagerReachEveryVideo) {
  TempDir folder;
  SyntheticRun run;
  run.items = 150;
  write_paged_report(folder.path(), run);
  const Visit seen = act(folder.path(), 390, R"(
const byId = (id) => page.getElementById(id);
const type = (text) => { byId('query').value = text; byId('query').dispatchEvent(new view.Event('input')); };
type('clip-014');
await until(() => byId('paged-hits').children.length > 8);
const onPage = page.querySelectorAll('#cards article.card:not([hidden])').length;
say('found ' + (onPage + byId('paged-hits').children.length) + ': ' + byId('paged-hits').textContent.includes('clip-0147'));
type('');
await until(() => byId('paged-hits').children.length === 0);
const seen = new Set([...page.querySelectorAll('#cards article.card')].map((card) => card.id));
for (let number = 1; number <= 3; ++number) {
  if (number === 2) page.querySelector('#page-foot [data-turn="1"]').click(); else byId('page-on').click();
  await until(() => byId('page-number').value === String(number));
  for (const card of page.querySelectorAll('#page-cards article.card')) seen.add(card.id);
}
say('reached ' + seen.size + ', the last page says so ' + byId('page-on').disabled);)");
  expect_quiet(seen);
  expect_said(seen, "found 10: true");
  expect_said(seen, "reached 150, the last page says so true");
}

TEST_F(ReportBrowserSlow, AMissingFolderOfPagesIsSaidOnThePage) {
  TempDir folder;
  SyntheticRun run;
  run.items = 60;
  const std::string text = write_paged_report(folder.path(), run);
  std::filesystem::remove_all(folder / "report_data");
  expect_quiet(visit(folder / "report.html"));
  const std::string id =
      text.find("id=\"item-clip-0059\"") == std::string::npos ? "clip-0059" : "clip-0058";
  const Visit seen = act(folder.path(), 1280, R"(
await until(() => !page.getElementById('page-problem').hidden);
say(page.getElementById('page-problem').textContent);)",
                         item_href(id));
  expect_said(seen,
              "report_data/index-001.js cannot be read: keep the folder report_data beside this "
              "file.");
}

TEST_F(ReportBrowserSlow, WithoutScriptsTheNumbersAreThere) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  std::string page = read_text(write_report(folder.path()));
  // A policy that allows no script stands for a browser that runs none.
  const std::size_t begin = page.find("script-src");
  page.replace(begin, page.find(';', begin) - begin, "script-src 'none'");
  write_text(folder / "no-script.html", page);
  const Visit seen = visit(folder / "no-script.html");
  EXPECT_EQ(count_of(seen.dom, "<svg"), 0);
  EXPECT_EQ(count_of(seen.dom, "<table class=\"series\">"), 8);
  EXPECT_NE(seen.dom.find("data-v=\"57.625\""), std::string::npos);
  EXPECT_EQ(count_of(seen.dom, " controls=\"\""), 8) << "the browser's own controls play the clips";
}

}  // namespace
}  // namespace physprobe

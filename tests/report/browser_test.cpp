// The page in a real browser: Chromium, headless, as a user who opens the file from disk sees it.

#include "physprobe/report/html.h"
#include "physprobe/report/report.h"

#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "synthetic_run.h"

namespace physprobe {
namespace {

using testing::count_of;
using testing::read_text;
using testing::SyntheticRun;
using testing::TempDir;
using testing::write_synthetic_run;
using testing::write_text;

std::string find_browser() {
  for (const char* name : {"chromium", "chromium-browser"}) {
    if (std::system(fmt::format("command -v {} > /dev/null 2>&1", name).c_str()) == 0) return name;
  }
  return "";
}

/// How a page is opened.
struct Window {
  int width = 1280;
  bool is_dark = false;
  bool until_loaded = false;  ///< Else eight virtual seconds and a painted frame.
};

struct Visit {
  std::string dom;
  std::vector<std::string> console;  ///< Every message of the page's console.
  std::vector<std::string>
      requests;  ///< Every http(s) address that was asked for on behalf of the page.
};

class ReportBrowserSlow : public ::testing::Test {
 protected:
  void SetUp() override {
    browser_ = find_browser();
    if (browser_.empty())
      GTEST_SKIP() << "neither chromium nor chromium-browser is installed: the page was not opened";
  }

  /// Opens `file` (with an optional "#fragment").
  Visit visit(const std::string& file, const Window& window = {}) {
    TempDir scratch;
    // The screenshot is not kept: taking it makes the browser paint, which draws the charts that
    // wait to come near.
    const std::string ending =
        window.until_loaded
            ? ""
            : fmt::format("--virtual-time-budget=8000 --screenshot={}/page.png", scratch.path());
    const std::string command = fmt::format(
        "timeout 120 {browser} --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        "--user-data-dir={scratch}/profile --host-resolver-rules='MAP * ~NOTFOUND' "
        "--log-net-log={scratch}/net.json --enable-logging=stderr --v=0 "
        "--window-size={width},900 --hide-scrollbars --allow-file-access-from-files {theme} "
        "{ending} --dump-dom 'file://{file}' > {scratch}/dom.html 2> {scratch}/log.txt",
        fmt::arg("browser", browser_), fmt::arg("scratch", scratch.path()),
        fmt::arg("width", window.width),
        fmt::arg("theme", window.is_dark ? "--blink-settings=preferredColorScheme=0" : ""),
        fmt::arg("ending", ending), fmt::arg("file", file));
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text(scratch / "log.txt");
    Visit visit{read_text(scratch / "dom.html"), {}, {}};
    std::istringstream log(read_text(scratch / "log.txt"));
    for (std::string line; std::getline(log, line);) {
      if (line.find("CONSOLE") != std::string::npos) visit.console.push_back(line);
    }
    std::istringstream net(read_text(scratch / "net.json"));
    for (std::string line; std::getline(net, line);) {
      // The browser's own errands have no initiator; what a page asks for names its origin.
      const bool is_of_page = line.find("\"initiator\":\"null") != std::string::npos ||
                              line.find("\"initiator\":\"file") != std::string::npos;
      if (is_of_page && line.find("\"url\":\"http") != std::string::npos)
        visit.requests.push_back(line);
    }
    return visit;
  }

  /// Opens the report of `folder` in a frame of this width (a window cannot be as narrow as a
  /// phone) and runs the body of an async function there, with `view` and `page`, the report's
  /// window and document; `say(text)`, which adds an <li> to the visit's DOM; and `until(test)`,
  /// which waits.
  Visit act(const std::string& folder,
            int width,
            const std::string& body,
            const std::string& fragment = "") {
    // A document that is still being written holds back the load event: the browser stays, in real
    // time, exactly until the body has ended.
    const std::string page = fmt::format(
        R"(<!doctype html><iframe id=hold></iframe>
<iframe id=report src="report.html{}" style='width:{}px;height:1200px;border:0'></iframe><ol id=said></ol>
<script>
const held = hold.contentDocument;
held.open();
held.write('waiting');
const say = (text) => said.append(Object.assign(document.createElement('li'), {{textContent: text}}));
const until = async (test) => {{
  for (let i = 0; i < 600 && !test(); ++i) await new Promise((done) => setTimeout(done, 50));
  if (!test()) throw new Error('never came true: ' + test);
}};
report.onload = async () => {{
  const view = report.contentWindow, page = report.contentDocument;
  try {{ {} }} catch (error) {{ say('failed: ' + error); }}
  held.close();
}};
</script>)",
        escape_html(fragment), width, body);
    write_text(folder + "/act.html", page);
    Window window;
    window.until_loaded = true;
    const Visit seen = visit(folder + "/act.html", window);
    EXPECT_EQ(seen.dom.find("<li>failed: "), std::string::npos) << said(seen);
    return seen;
  }

  static std::string said(const Visit& visit) {
    const std::size_t begin = visit.dom.find("<ol id=\"said\">");
    return begin == std::string::npos ? visit.dom : visit.dom.substr(begin, 2000);
  }
  static void expect_said(const Visit& visit, const std::string& text) {
    EXPECT_NE(visit.dom.find("<li>" + text + "</li>"), std::string::npos) << text << "\n"
                                                                          << said(visit);
  }

  void expect_quiet(const Visit& visit) {
    for (const std::string& line : visit.console) ADD_FAILURE() << "console: " << line;
    for (const std::string& line : visit.requests) ADD_FAILURE() << "request: " << line;
  }

  std::string browser_;
};

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

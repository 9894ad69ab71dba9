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

  /// Opens `file` (with an optional "#fragment") in a window of this width.
  Visit visit(const std::string& file, int width, bool is_dark = false) {
    TempDir scratch;
    // The screenshot is not kept: taking it makes the browser paint, which draws the charts that
    // wait to come near.
    const std::string command = fmt::format(
        "timeout 120 {browser} --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        "--user-data-dir={scratch}/profile --host-resolver-rules='MAP * ~NOTFOUND' "
        "--log-net-log={scratch}/net.json --enable-logging=stderr --v=0 --virtual-time-budget=8000 "
        "--window-size={width},900 --hide-scrollbars --allow-file-access-from-files {theme} "
        "--screenshot={scratch}/page.png --dump-dom 'file://{file}' > {scratch}/dom.html 2> "
        "{scratch}/log.txt",
        fmt::arg("browser", browser_), fmt::arg("scratch", scratch.path()),
        fmt::arg("width", width),
        fmt::arg("theme", is_dark ? "--blink-settings=preferredColorScheme=0" : ""),
        fmt::arg("file", file));
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

  void expect_quiet(const Visit& visit) {
    for (const std::string& line : visit.console) ADD_FAILURE() << "console: " << line;
    for (const std::string& line : visit.requests) ADD_FAILURE() << "request: " << line;
  }

  std::string browser_;
};

TEST_F(ReportBrowserSlow, TheCheckSeesAnErrorAndARequest) {
  TempDir folder;
  write_text(folder / "bad.html",
             "<!doctype html><img "
             "src=http://example.invalid/x.png><script>console.error('seen')</script>");
  const Visit seen = visit(folder / "bad.html", 1280);
  EXPECT_EQ(seen.console.size(), 1U);
  EXPECT_FALSE(seen.requests.empty());
}

TEST_F(ReportBrowserSlow, ChartsAreDrawnAtDesktopAndPhoneWidthWithoutErrorOrRequest) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  const std::string page = write_report(folder.path());
  for (const int width : {1280, 390}) {
    for (const bool is_dark : {false, true}) {
      SCOPED_TRACE(fmt::format("width {}, dark {}", width, is_dark));
      const Visit seen = visit(page, width, is_dark);
      expect_quiet(seen);
      // Two charts of the run; the videos' charts are drawn when they come near.
      EXPECT_GE(count_of(seen.dom, "<svg"), 2);
      EXPECT_EQ(count_of(seen.dom, "<article class=\"card\""), 8);
      EXPECT_NE(seen.dom.find(is_dark ? "#5fc0e0" : "#0b6e8f"), std::string::npos)
          << "the theme's colour is in the charts";
    }
  }
}

TEST_F(ReportBrowserSlow, NothingIsWiderThanAPhone) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  write_report(folder.path());
  // A window cannot be as narrow as a phone, a frame can.
  // Before printing the page draws the charts of all videos, also of those far below.
  write_text(folder / "frame.html", R"(<!doctype html>
<iframe id=f src=report.html style='width:390px;height:9000px;border:0'></iframe><p id=out></p>
<script>f.onload = () => {
  f.contentWindow.dispatchEvent(new Event('beforeprint'));
  setTimeout(() => {
    const page = f.contentDocument;
    out.textContent = 'width ' + page.documentElement.scrollWidth + ' cards ' + page.querySelectorAll('.card .plot svg').length;
  }, 3000);
}</script>)");
  const Visit seen = visit(folder / "frame.html", 1280);
  expect_quiet(seen);
  EXPECT_NE(seen.dom.find("<p id=\"out\">width 390 cards 8</p>"), std::string::npos)
      << seen.dom.substr(0, 600);
}

TEST_F(ReportBrowserSlow, EveryChartSavesAsSvgAndCsv) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  write_report(folder.path());
  // What would be downloaded is caught where the page hands it to the browser.
  write_text(folder / "frame.html", R"(<!doctype html>
<iframe id=f src=report.html style='width:1280px;height:9000px;border:0'></iframe><ol id=out></ol>
<script>f.onload = async () => {
  const view = f.contentWindow, saved = [];
  view.dispatchEvent(new Event('beforeprint'));
  view.Blob = class { constructor(parts, options) { this.text = parts.join(''); this.type = options.type; } };
  view.URL.createObjectURL = (blob) => { saved.push(blob); return '#'; };
  view.HTMLAnchorElement.prototype.click = () => {};
  for (const button of view.document.querySelectorAll('[data-save]')) button.click();
  for (let i = 0; i < 60 && saved.length < 20; ++i) await new Promise((done) => setTimeout(done, 100));
  for (const {type, text} of saved) {
    const item = document.createElement('li');
    const isSvg = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement.localName === 'svg';
    item.textContent = type + ' is svg ' + isSvg + ': ' + text.slice(0, 200);
    out.append(item);
  }
}</script>)");
  const Visit seen = visit(folder / "frame.html", 1280);
  expect_quiet(seen);
  // Two charts of the run and one of each of the eight videos.
  EXPECT_EQ(count_of(seen.dom, "<li>image/svg+xml is svg true"), 10);
  EXPECT_EQ(count_of(seen.dom, "<li>text/csv is svg false"), 10);
  EXPECT_EQ(count_of(seen.dom,
                     ": videos,layer,condition,\"mean curvature, deg\",\"mean curvature, deg "
                     "low\",\"mean curvature, deg high\",n"),
            1)
      << seen.dom.substr(seen.dom.find("<ol"));
  EXPECT_EQ(count_of(seen.dom, ": sample,frame,\"time, s\",pixel,retina,v1"), 8);
}

TEST_F(ReportBrowserSlow, APermanentLinkOpensAVideoFromReportData) {
  TempDir folder;
  SyntheticRun run;
  run.items = 150;
  run.first_ids = {"</script><img src=x onerror=alert(1)>", "it's \"quoted\" ü/§ 100%"};
  write_synthetic_run(run, folder.path());
  ReportOptions options;
  options.worst = options.best = options.median = 0;
  options.random = 1;
  const std::string page = write_report(folder.path(), options);
  const std::string text = read_text(page);
  for (const std::string& id : {run.first_ids[0], run.first_ids[1], std::string("clip-0149")}) {
    SCOPED_TRACE(id);
    if (text.find("id=\"" + escape_html("item-" + id) + "\"") != std::string::npos) continue;
    const Visit seen = visit(page + item_href(id), 1280);
    expect_quiet(seen);
    EXPECT_NE(seen.dom.find("class=\"card target\""), std::string::npos);
    EXPECT_EQ(count_of(seen.dom, "<img"), 0);
    EXPECT_NE(seen.dom.find(", from report_data</small>"), std::string::npos);
  }
}

TEST_F(ReportBrowserSlow, AMissingFolderOfPagesIsSaidOnThePage) {
  TempDir folder;
  SyntheticRun run;
  run.items = 60;
  write_synthetic_run(run, folder.path());
  ReportOptions options;
  options.worst = options.best = options.median = 0;
  options.random = 1;
  const std::string page = write_report(folder.path(), options);
  std::filesystem::remove_all(folder / "report_data");
  expect_quiet(visit(page, 1280));
  const std::string id = read_text(page).find("id=\"item-clip-0059\"") == std::string::npos
                             ? "clip-0059"
                             : "clip-0058";
  const Visit seen = visit(page + item_href(id), 1280);
  EXPECT_NE(seen.dom.find("cannot be read: keep the folder report_data beside this file."),
            std::string::npos);
}

TEST_F(ReportBrowserSlow, WithoutScriptsTheNumbersAreThere) {
  TempDir folder;
  write_synthetic_run({}, folder.path());
  std::string page = read_text(write_report(folder.path()));
  // A policy that allows no script stands for a browser that runs none.
  const std::size_t begin = page.find("script-src");
  page.replace(begin, page.find(';', begin) - begin, "script-src 'none'");
  write_text(folder / "no-script.html", page);
  const Visit seen = visit(folder / "no-script.html", 1280);
  EXPECT_EQ(count_of(seen.dom, "<svg"), 0);
  EXPECT_EQ(count_of(seen.dom, "<table class=\"series\">"), 8);
  EXPECT_NE(seen.dom.find("data-v=\"57.625\""), std::string::npos);
}

}  // namespace
}  // namespace physprobe

#include "support/browser.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/report/html.h"

#include "support/temp_dir.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

namespace physprobe::testing {
namespace {

std::string find_browser() {
  for (const char* name : {"chromium", "chromium-browser"}) {
    if (std::system(fmt::format("command -v {} > /dev/null 2>&1", name).c_str()) == 0) return name;
  }
  return "";
}

}  // namespace

void BrowserTest::SetUp() {
  browser_ = find_browser();
  if (browser_.empty())
    GTEST_SKIP() << "neither chromium nor chromium-browser is installed: the page was not opened";
}

Visit BrowserTest::visit(const std::string& file, const Window& window) {
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
  EXPECT_EQ(std::system(command.c_str()), 0) << read_file(scratch / "log.txt");
  Visit visit{read_file(scratch / "dom.html"), {}, {}};
  std::istringstream log(read_file(scratch / "log.txt"));
  for (std::string line; std::getline(log, line);) {
    if (line.find("CONSOLE") != std::string::npos) visit.console.push_back(line);
  }
  std::istringstream net(read_file(scratch / "net.json"));
  for (std::string line; std::getline(net, line);) {
    // The browser's own errands have no initiator; what a page asks for names its origin.
    const bool is_of_page = line.find("\"initiator\":\"null") != std::string::npos ||
                            line.find("\"initiator\":\"file") != std::string::npos;
    if (is_of_page && line.find("\"url\":\"http") != std::string::npos)
      visit.requests.push_back(line);
  }
  return visit;
}

Visit BrowserTest::act(const std::string& folder,
                       int width,
                       const std::string& body,
                       const std::string& fragment) {
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
      physprobe::escape_html(fragment), width, body);
  write_file_atomic(folder + "/act.html", page);
  Window window;
  window.until_loaded = true;
  const Visit seen = visit(folder + "/act.html", window);
  EXPECT_EQ(seen.dom.find("<li>failed: "), std::string::npos) << said(seen);
  return seen;
}

std::string BrowserTest::said(const Visit& visit) {
  const std::size_t begin = visit.dom.find("<ol id=\"said\">");
  return begin == std::string::npos ? visit.dom : visit.dom.substr(begin, 2000);
}
void BrowserTest::expect_said(const Visit& visit, const std::string& text) {
  EXPECT_NE(visit.dom.find("<li>" + text + "</li>"), std::string::npos) << text << "\n"
                                                                        << said(visit);
}

void BrowserTest::expect_quiet(const Visit& visit) {
  for (const std::string& line : visit.console) ADD_FAILURE() << "console: " << line;
  for (const std::string& line : visit.requests) ADD_FAILURE() << "request: " << line;
}

}  // namespace physprobe::testing

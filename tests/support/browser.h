#pragma once
// A page in a real browser: Chromium, headless, as a user who opens the file from disk sees it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace physprobe::testing {

/// How a page is opened.
struct Window {
  int width = 1280;
  bool is_dark = false;
  bool until_loaded = false;  ///< Else eight virtual seconds and a painted frame.
};

struct Visit {
  std::string dom;
  std::vector<std::string> console;  ///< Every message of the page's console.
  /// Every http(s) address that was asked for on behalf of the page.
  std::vector<std::string> requests;
};

/// Tests of a page; skipped where no browser is installed.
class BrowserTest : public ::testing::Test {
 protected:
  void SetUp() override;

  /// Opens `file` (with an optional "#fragment").
  Visit visit(const std::string& file, const Window& window = {});

  /// Opens the report of `folder` in a frame of this width (a window cannot be as narrow as a
  /// phone) and runs the body of an async function there, with `view` and `page`, the report's
  /// window and document; `say(text)`, which adds an <li> to the visit's DOM; and `until(test)`,
  /// which waits.
  Visit act(const std::string& folder,
            int width,
            const std::string& body,
            const std::string& fragment = "");

  /// What the body of act() said.
  static std::string said(const Visit& visit);
  static void expect_said(const Visit& visit, const std::string& text);
  /// Neither a message of the console nor a request.
  static void expect_quiet(const Visit& visit);

 private:
  std::string browser_;
};

}  // namespace physprobe::testing

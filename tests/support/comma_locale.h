#pragma once
// A host application in a language with a decimal comma: the process' C and C++ locales are German
// for as long as the object lives.

#include "support/temp_dir.h"

#include <clocale>
#include <cstdlib>
#include <locale>
#include <stdexcept>
#include <string>

namespace physprobe::testing {

class CommaLocale {
 public:
  CommaLocale() {
    if (std::setlocale(LC_ALL, kName) == nullptr) {
      if (folder().empty()) return;
      setenv("LOCPATH", folder().c_str(), 1);
      if (std::setlocale(LC_ALL, kName) == nullptr) return;
    }
    try {
      std::locale::global(std::locale(kName));
    } catch (const std::runtime_error&) {
      return;
    }
    is_active_ = std::localeconv()->decimal_point == std::string(",");
  }
  ~CommaLocale() {
    std::locale::global(std::locale::classic());
    std::setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;

  /// False on a machine without the locale and without the means to make it: skip with `kWhyNot`.
  bool is_active() const { return is_active_; }
  static constexpr const char* kWhyNot =
      "no locale de_DE.UTF-8, and no localedef with its sources to make it";
  static constexpr const char* kName = "de_DE.UTF-8";
  /// For LOCPATH: where the locale was made, once a process, with the C library's own tool and
  /// sources; "" where these are missing.
  static std::string folder() {
    static const TempDir dir;
    static const bool is_made =
        std::system(
            ("localedef -c -i de_DE -f UTF-8 '" + (dir / kName) + "' >/dev/null 2>&1").c_str()) ==
        0;
    return is_made ? dir.path() : "";
  }

 private:
  bool is_active_ = false;
};

}  // namespace physprobe::testing

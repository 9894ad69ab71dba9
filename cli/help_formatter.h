#pragma once
// How --help looks: one layout of ours, so that a help text does not change with the version of the
// command line library, and can be tested word for word.

#include <CLI/CLI.hpp>

#include <string>

namespace physprobe {

class HelpFormatter : public CLI::FormatterBase {
 public:
  /// Usage, arguments, flags and subcommands of `app`, wrapped at 100 columns. `name` is the full
  /// command ("physprobe memory build").
  std::string make_help(const CLI::App* app,
                        std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace physprobe

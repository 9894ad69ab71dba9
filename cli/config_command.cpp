#include "physprobe/cli/command.h"
#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {
namespace {

void print(const nlohmann::ordered_json& value,
           const std::string& path,
           const Suite& suite,
           std::ostream& out) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, entry] : value.items())
      print(entry, path.empty() ? key : path + "." + key, suite, out);
    return;
  }
  const auto origin = suite.origins.find(path);
  out << fmt::format("{:<44} {:<28} {}\n", path, dump_json(value),
                     origin == suite.origins.end() ? "" : origin->second);
}

}  // namespace

void add_config_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("config", "Configurations");
  command->require_subcommand(1);
  CLI::App* show =
      command->add_subcommand("show", "Print a suite's resolved values and where each came from");
  struct Flags {
    SuiteFlags suite;
    CommonFlags common;
  };
  auto flags = std::make_shared<Flags>();
  flags->suite.add(*show);
  flags->common.add_json(*show);
  show->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      const Suite suite = flags->suite.load();
      const auto resolved = nlohmann::ordered_json::parse(suite.resolved);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(nlohmann::ordered_json{
            {"suite", resolved}, {"origins", suite.origins}, {"digest", suite_digest(suite)}});
      } else {
        print(resolved, "", suite, invocation.out);
      }
      return 0;
    };
  });
}

}  // namespace physprobe

#include "physprobe/cli/command.h"
#include "physprobe/eval/version.h"

namespace physprobe {

void add_version_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&invocation] {
    invocation.action = [&invocation] {
      invocation.out << "physprobe " << version() << "\n";
      return 0;
    };
  });
}

}  // namespace physprobe

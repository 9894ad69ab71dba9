#include "physprobe/cli/base_commands.h"

#include "physprobe/cli/score_command.h"

namespace physprobe {
namespace {

void add_base_score_command(CLI::App& app, Invocation& invocation) {
  add_score_physics_iq(add_score_family(app), invocation);
}

}  // namespace

const std::vector<AddCommand>& base_commands() {
  static const std::vector<AddCommand> list = {add_version_command, add_base_score_command};
  return list;
}

bool is_base_command(const std::vector<std::string>& arguments) {
  const std::vector<std::string> words = with_leading_flags_last(arguments);
  if (words.empty()) return false;
  return words[0] == "version" ||
         (words.size() > 1 && words[0] == "score" && words[1] == "physics-iq");
}

}  // namespace physprobe

#include "physprobe/cli/cli.h"

#include "physprobe/cli/application.h"

namespace physprobe {
namespace {

const std::vector<AddCommand>& commands() {
  static const std::vector<AddCommand> list = {
      add_run_command,     add_embed_command,   add_memory_command, add_probe_command,
      add_worlds_command,  add_report_command,  add_merge_command,  add_validate_command,
      add_verify_command,  add_inspect_command, add_parity_command, add_convert_command,
      add_weights_command, add_list_command,    add_config_command, add_doctor_command,
      add_bench_command,   add_version_command, add_score_command,  add_submit_command,
      add_compare_command};
  return list;
}

}  // namespace

std::vector<std::string> subcommand_names() {
  return subcommand_names(commands());
}

int run_command_line(const std::vector<std::string>& arguments,
                     std::ostream& out,
                     std::ostream& err) {
  return run_application(commands(), arguments, out, err);
}

}  // namespace physprobe

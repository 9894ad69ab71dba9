#include "physprobe/cli/command.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/comparison.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {
namespace {

struct CompareFlags {
  CommonFlags common;
  std::string a;
  std::string b;
  std::vector<std::string> fail_if;
  int64_t samples = 20;
  BootstrapOptions statistics;
};

int compare(const CompareFlags& flags, Invocation& invocation) {
  const nlohmann::ordered_json comparison = compare_physics_iq(flags.a, flags.b, flags.statistics);
  invocation.out << (flags.common.json ? dump_json_pretty(comparison)
                                       : format_physics_iq_comparison(comparison, flags.samples));
  int code = 0;
  for (const std::string& condition : flags.fail_if) {
    if (!physics_iq_condition_holds(comparison, condition)) continue;
    invocation.err << fmt::format("failed: {} holds\n", condition);
    code = exit_code(ErrorKind::kCheckFailed);
  }
  return code;
}

}  // namespace

void add_compare_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("compare", "Two evaluations of one protocol, sample by sample");
  auto flags = std::make_shared<CompareFlags>();
  command->add_option("a", flags->a, "Evaluation to compare with")->required();
  command->add_option("b", flags->b, "Evaluation compared")->required();
  command
      ->add_option("--fail-if", flags->fail_if,
                   "End with exit code 7 if this holds, such as \"score_drop>1.0\" (repeatable)")
      ->take_all();
  command->add_option("--samples", flags->samples, "How many samples to print")
      ->capture_default_str();
  command->add_option("--seed", flags->statistics.seed, "Seed of the bootstrap");
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return compare(*flags, invocation); };
  });
}

}  // namespace physprobe

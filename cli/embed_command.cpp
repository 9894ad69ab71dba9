#include "physprobe/cli/command.h"
#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/embed.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {

void add_embed_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "embed", "Embed a suite's data set into a store, without probes; resumable");
  struct Flags {
    SuiteFlags suite;
    CommonFlags common;
    std::string store;
    std::string shard;
    bool keep_tokens = false;
  };
  auto flags = std::make_shared<Flags>();
  flags->suite.add(*command);
  flags->common.add_json(*command);
  flags->common.add_execution(*command);
  flags->common.add_verbose(*command);
  flags->common.add_device(*command);
  command->add_option("--store", flags->store, "Directory of the embedding store")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--shard", flags->shard,
                   "Only this part of the items: INDEX from 0, or auto (Slurm array, MPI rank); "
                   "give every shard its own --store")
      ->type_name("INDEX/COUNT");
  command->add_flag("--keep-tokens", flags->keep_tokens, "Store every tap's tokens too (large)");
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      EmbedOptions options;
      options.store = flags->store;
      options.keep_tokens = flags->keep_tokens;
      options.shard = parse_shard(flags->shard);
      options.threads = flags->common.threads;
      options.device = flags->common.device;
      options.narrate = flags->common.narrator(invocation.err);
      options.progress = flags->common.progress_mode();
      install_interrupt_handlers();
      const EmbedSummary summary = embed_dataset(flags->suite.load(), options);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(
            nlohmann::ordered_json{{"items", summary.items},
                                   {"embedded", summary.embedded},
                                   {"from_store", summary.from_store},
                                   {"failures", summary.failures},
                                   {"spaces", summary.spaces}});
      } else {
        invocation.out << fmt::format("{} items: {} embedded, {} already in the store, {} failed\n",
                                      summary.items, summary.embedded, summary.from_store,
                                      summary.failures.size());
      }
      for (const std::string& failure : summary.failures)
        invocation.err << "failed: " << failure << "\n";
      if (summary.interrupted_by != 0) {
        invocation.err << "interrupted; start the same command again to continue\n";
        return interrupt_exit_code(summary.interrupted_by);
      }
      return summary.failures.empty() ? 0 : exit_code(ErrorKind::kPartial);
    };
  });
}

}  // namespace physprobe

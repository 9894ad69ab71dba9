#include "physprobe/cli/command.h"
#include "physprobe/eval/world_dataset.h"

#include <fmt/format.h>

#include <memory>

namespace physprobe {

void add_worlds_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("worlds", "Rendered physics: data sets whose truth is known");
  command->require_subcommand(1);
  struct Flags {
    WorldRenderOptions render;
    CommonFlags common;
    std::string out;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* render = command->add_subcommand("render", "Draw a world as videos with a manifest");
  render->add_option("world", flags->render.world, "Name of the world; see list")
      ->capture_default_str();
  render->add_option("--clips", flags->render.clips, "Number of clips (each has a twin)")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  render->add_option("--seed", flags->render.seed, "Seed of the world")
      ->check(zero_or_more())
      ->capture_default_str();
  render->add_option("--out", flags->out, "Directory for the videos and manifest.csv")->required();
  flags->common.add_execution(*render);
  render->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      flags->render.threads = flags->common.threads;
      invocation.out << render_world_dataset(flags->out, flags->render) << "\n";
      return 0;
    };
  });
  CLI::App* describe = command->add_subcommand("describe", "What each world shows");
  describe->callback([&invocation] {
    invocation.action = [&invocation] {
      invocation.out << describe_worlds();
      return 0;
    };
  });
}

}  // namespace physprobe

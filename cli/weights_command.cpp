#include "physprobe/cli/command.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/encoders/weights_lookup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {

void add_weights_command(CLI::App& app, Invocation& invocation) {
  CLI::App* weights = app.add_subcommand("weights", "Weights on this machine");
  weights->require_subcommand(1);
  CLI::App* command = weights->add_subcommand("list",
                                              "Those under $PHYSPROBE_WEIGHTS and in the caches of "
                                              "Hugging Face and torch.hub, by the names "
                                              "under which 'weights' finds them");
  auto flags = std::make_shared<CommonFlags>();
  flags->add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const WeightsPlace& place : list_weights()) {
        list.push_back({{"name", place.name}, {"place", place.kind}, {"path", place.path}});
        if (!flags->json) {
          invocation.out << fmt::format("{:<44} {:<20} {}\n", place.name, place.kind, place.path);
        }
      }
      if (flags->json) invocation.out << dump_json_pretty(list);
      if (!flags->json && list.empty()) invocation.out << "none\n";
      return 0;
    };
  });
}

}  // namespace physprobe

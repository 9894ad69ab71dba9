#include "physprobe/cli/validate_mvp.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/published_mvp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {

void add_validate_mvp(CLI::App& validate, Invocation& invocation) {
  CLI::App* command = validate.add_subcommand(
      "mvp", "Check the published MVP results against the benchmark's numbers of pairs");
  auto flags = std::make_shared<CommonFlags>();
  flags->add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      nlohmann::ordered_json lines = nlohmann::ordered_json::array();
      std::size_t held = 0;
      for (const PublishedCheck& check : check_published_mvp()) {
        held += check.holds ? 1 : 0;
        lines.push_back({{"model", check.model},
                         {"task", check.task},
                         {"metric", check.metric},
                         {"published", check.published},
                         {"nearest", check.nearest},
                         {"right", check.right},
                         {"n", check.n},
                         {"holds", check.holds}});
        if (flags->json) continue;
        const std::string why = check.task == "group"
                                    ? "mean of its tasks"
                                    : fmt::format("{} of {}", check.right, check.n);
        invocation.out << fmt::format(
            "{:<6} {:<26} {:<36} {:<7} published {:>8.4f}  {} is {:.6f}\n",
            check.holds ? "holds" : "FAILS", check.model, check.task, check.metric, check.published,
            why, check.nearest);
      }
      if (flags->json) {
        invocation.out << dump_json_pretty(
            nlohmann::ordered_json{{"lines", lines}, {"held", held}, {"of", lines.size()}});
      } else {
        invocation.out << fmt::format("{} of {} published values hold\n", held, lines.size());
      }
      return held == lines.size() ? 0 : exit_code(ErrorKind::kCheckFailed);
    };
  });
}

}  // namespace physprobe

#include "physprobe/cli/score_command.h"

namespace physprobe {

CLI::App& add_score_family(CLI::App& app) {
  CLI::App* score = app.add_subcommand(
      "score", "Score a model's outputs by a published protocol, with intervals and diagnostics");
  score->require_subcommand(1);
  return *score;
}

}  // namespace physprobe

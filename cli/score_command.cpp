#include "physprobe/cli/score_command.h"

namespace physprobe {

void add_score_command(CLI::App& app, Invocation& invocation) {
  CLI::App* score = app.add_subcommand(
      "score", "Score a model's outputs by a published protocol, with intervals and diagnostics");
  score->require_subcommand(1);
  add_score_mvp(*score, invocation);
  add_score_pairs(*score, invocation);
  add_score_inflevel(*score, invocation);
  add_score_physics_iq(*score, invocation);
}

}  // namespace physprobe

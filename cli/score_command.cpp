#include "physprobe/cli/score_command.h"

namespace physprobe {

void add_score_command(CLI::App& app, Invocation& invocation) {
  CLI::App& score = add_score_family(app);
  add_score_mvp(score, invocation);
  add_score_pairs(score, invocation);
  add_score_inflevel(score, invocation);
  add_score_physics_iq(score, invocation);
}

}  // namespace physprobe

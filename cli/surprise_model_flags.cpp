#include "physprobe/cli/surprise_model_flags.h"

#include "physprobe/cli/suite_flags.h"

#include <nlohmann/json.hpp>

namespace physprobe {

void SurpriseModelFlags::add(CLI::App& app) {
  app.add_option("--encoder", encoder,
                 "The predictor: weights (a path, or a name that `weights list` shows), the YAML "
                 "file of a model, exec:COMMAND (docs/exec_protocol.md), or pixels (the last frame "
                 "seen comes again)")
      ->type_name("ENCODER");
  app.add_option("--window", windows.window, "Frames of a window: context and what is predicted")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--stride", windows.stride, "Frames from one window's start to the next one's")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--skip", windows.frame_skip, "Look at every n-th frame of a video")
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--growing-context", windows.growing_context,
               "IntPhys 2: a curve begins with the first window under the shorter contexts");
  app.add_option("--nulls", nulls,
                 "What stands beside every number: all, none, or some of zero, copy (the last "
                 "context latent), pixels (the last frame), untrained, nearest (the future of the "
                 "nearest stored context; data sets)")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--untrained-seeds", untrained_seeds, "Networks with freshly drawn weights")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
}

std::vector<SurpriseJob> SurpriseModelFlags::jobs(const std::vector<int64_t>& contexts,
                                                  int64_t fixed_context,
                                                  const std::string& device) const {
  PredictionWindows chosen = windows;
  if (!contexts.empty()) chosen.contexts = contexts;
  return plan_surprise_jobs(encoder_config(encoder), chosen,
                            surprise_nulls_from_names(nulls, untrained_seeds),
                            fixed_context > 0 ? fixed_context : middle_context(chosen), device);
}

bool SurpriseModelFlags::wants_nearest() const {
  return surprise_nulls_from_names(nulls, untrained_seeds).nearest;
}

}  // namespace physprobe

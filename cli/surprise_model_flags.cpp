#include "physprobe/cli/surprise_model_flags.h"

#include "physprobe/cli/suite_flags.h"
#include "physprobe/datasets/voe/frame_protocol.h"
#include "physprobe/eval/run_plan.h"

#include <nlohmann/json.hpp>

namespace physprobe {

void SurpriseModelFlags::add(CLI::App& app) {
  app.add_option("--encoder", encoder,
                 "The predictor: weights (a path, or a name that `weights list` shows), the YAML "
                 "file of a model, exec:COMMAND (docs/exec_protocol.md), or pixels (the last frame "
                 "seen comes again)")
      ->type_name("ENCODER");
  app.add_option("--protocol", protocol,
                 "Windows of a published protocol: intphys, grasp, inflevel, intphys2-16, "
                 "intphys2-48; the flags below change single numbers of it")
      ->type_name("NAME");
  app.add_option("--window", window,
                 "Frames of a window: context and what is predicted (default 16)")
      ->type_name("N");
  app.add_option("--stride", stride, "Frames from one window's start to the next one's (default 2)")
      ->type_name("N");
  app.add_option("--skip", skip, "Look at every n-th frame of a video (default 1)")->type_name("N");
  app.add_flag("--growing-context", grows_context,
               "IntPhys 2: a curve begins with the first window under the shorter contexts");
}

void SurpriseModelFlags::add_nulls(CLI::App& app) {
  app.add_option("--nulls", nulls,
                 "What stands beside every number: all, none, or some of zero, copy (the last "
                 "context latent), pixels (the last frame), untrained, nearest (the future of the "
                 "nearest stored context; data sets)")
      ->delimiter(',')
      ->default_str("all");  // releases of CLI11 write lists differently
  app.add_option("--untrained-seeds", untrained_seeds, "Networks with freshly drawn weights")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--pixel-predictor", pixel_predictor,
                 "One more null: a predictor of pixels such as VideoMAE, named as --encoder is")
      ->type_name("ENCODER");
}

std::vector<SurpriseJob> SurpriseModelFlags::jobs(const std::vector<int64_t>& contexts,
                                                  int64_t fixed_context,
                                                  const std::string& device) const {
  const PredictionWindows chosen = windows(contexts);
  nlohmann::json config = encoder_config(encoder);
  if (!protocol.empty() && frame_protocol(protocol).geometry == "squash" &&
      !config.contains("preprocess"))
    config["preprocess"] = {{"resize", "squash"}};
  SurpriseNulls planned = surprise_nulls_from_names(nulls, untrained_seeds);
  if (!pixel_predictor.empty())
    planned.pixel_predictor = make_predictor(on_device(encoder_config(pixel_predictor), device));
  return plan_surprise_jobs(config, chosen, planned,
                            fixed_context > 0 ? fixed_context : middle_context(chosen), device);
}

PredictionWindows SurpriseModelFlags::windows(const std::vector<int64_t>& contexts) const {
  PredictionWindows chosen;
  if (!protocol.empty()) {
    const FrameProtocol& published = frame_protocol(protocol);
    chosen = {published.window,      published.stride,   published.skip,
              published.frame_limit, published.contexts, published.grows_context};
  }
  if (window) chosen.window = *window;
  if (stride) chosen.stride = *stride;
  if (skip) chosen.frame_skip = *skip;
  if (grows_context) chosen.growing_context = true;
  if (!contexts.empty()) chosen.contexts = contexts;
  return chosen;
}

bool SurpriseModelFlags::wants_nearest() const {
  return surprise_nulls_from_names(nulls, untrained_seeds).nearest;
}

}  // namespace physprobe

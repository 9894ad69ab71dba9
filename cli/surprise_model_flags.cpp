#include "physprobe/cli/surprise_model_flags.h"

#include "physprobe/cli/suite_flags.h"
#include "physprobe/datasets/voe/frame_protocol.h"

#include <nlohmann/json.hpp>

namespace physprobe {

void SurpriseModelFlags::add(CLI::App& app) {
  app.add_option("--encoder", encoder,
                 "The predictor: weights (a path, or a name that `weights list` shows), the YAML "
                 "file of a model, exec:COMMAND (docs/exec_protocol.md), or pixels (the last frame "
                 "seen comes again)")
      ->type_name("ENCODER");
  app.add_option("--protocol", protocol,
                 "Published frames: skip, window, stride and contexts of intphys, grasp, inflevel, "
                 "intphys2-16 or intphys2-48 (default: the data set's own)")
      ->type_name("NAME");
  window_ = app.add_option("--window", windows.window,
                           "Frames of a window: context and what is predicted")
                ->type_name("N")
                ->capture_default_str();
  stride_ =
      app.add_option("--stride", windows.stride, "Frames from one window's start to the next one's")
          ->type_name("N")
          ->capture_default_str();
  skip_ = app.add_option("--skip", windows.frame_skip, "Look at every n-th frame of a video")
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

bool SurpriseModelFlags::use_protocol(const std::string& layout, std::vector<int64_t>& contexts) {
  const FrameProtocol* published =
      protocol.empty() ? default_frame_protocol(layout) : &frame_protocol(protocol);
  if (published == nullptr) return false;
  if (window_ == nullptr || window_->count() == 0) windows.window = published->window;
  if (stride_ == nullptr || stride_->count() == 0) windows.stride = published->stride;
  if (skip_ == nullptr || skip_->count() == 0) windows.frame_skip = published->skip;
  windows.frame_limit = published->frame_limit;
  windows.growing_context = windows.growing_context || published->grows_context;
  if (contexts.empty()) contexts = published->contexts;
  return true;
}

bool SurpriseModelFlags::wants_nearest() const {
  return surprise_nulls_from_names(nulls, untrained_seeds).nearest;
}

}  // namespace physprobe

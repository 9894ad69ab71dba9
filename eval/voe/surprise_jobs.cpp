#include "physprobe/eval/voe/surprise_jobs.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/encoders/pixel_copy_predictor.h"
#include "physprobe/eval/run_plan.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace physprobe {

SurpriseNulls surprise_nulls_from_names(const std::vector<std::string>& names,
                                        int64_t untrained_seeds) {
  SurpriseNulls nulls;
  nulls.untrained_seeds = untrained_seeds;
  if (names.size() == 1 && names.front() == "all") return nulls;
  nulls = {false, false, false, false, 0};
  if (names.size() == 1 && names.front() == "none") return nulls;
  for (const std::string& name : names) {
    if (name == "zero") {
      nulls.zero = true;
    } else if (name == "copy") {
      nulls.copy = true;
    } else if (name == "pixels") {
      nulls.pixels = true;
    } else if (name == "nearest") {
      nulls.nearest = true;
    } else if (name == "untrained") {
      nulls.untrained_seeds = untrained_seeds;
    } else {
      throw Error(
          ErrorKind::kUsage, "--nulls",
          fmt::format("'{}' is no null{}; expected all, none, or some of zero, copy, "
                      "pixels, untrained, nearest",
                      name,
                      did_you_mean(name, {"zero", "copy", "pixels", "untrained", "nearest"})));
    }
  }
  return nulls;
}

std::vector<SurpriseJob> plan_surprise_jobs(const nlohmann::json& config,
                                            const PredictionWindows& windows,
                                            const SurpriseNulls& nulls,
                                            int64_t map_context,
                                            const std::string& device) {
  std::vector<SurpriseJob> jobs;
  const std::shared_ptr<const Predictor> model = make_predictor(on_device(config, device));
  const EncoderInfo& info = model->info();
  windows.validate(info.frames_per_step);
  jobs.push_back({model, info.id, {windows, nulls.zero, nulls.copy, false, map_context}});
  for (int64_t seed = 1; seed <= nulls.untrained_seeds; ++seed) {
    std::shared_ptr<const Predictor> untrained = model->untrained(static_cast<uint64_t>(seed));
    if (!untrained) break;
    jobs.push_back({std::move(untrained),
                    fmt::format("untrained (seed {})", seed),
                    {windows, false, false, false, 0}});
  }
  if (nulls.pixels && info.family != "pixels") {
    jobs.push_back({make_pixel_copy_predictor(info.preprocess, info.frames_per_step),
                    "pixel copy",
                    {windows, false, false, false, 0}});
  }
  if (nulls.pixel_predictor) {
    const EncoderInfo& pixels = nulls.pixel_predictor->info();
    if (nulls.pixel_predictor->predictor_info().normalises_targets)
      throw Error(ErrorKind::kUsage, "--pixel-predictor",
                  fmt::format("{} predicts latents, not pixels; give it as --encoder of a run of "
                              "its own and compare the runs",
                              pixels.id));
    windows.validate(pixels.frames_per_step);
    jobs.push_back(
        {nulls.pixel_predictor, "pixel predictor " + pixels.id, {windows, false, false, false, 0}});
  }
  return jobs;
}

int64_t middle_context(const PredictionWindows& windows) {
  return windows.contexts[(windows.contexts.size() - 1) / 2];
}

}  // namespace physprobe

#include "physprobe/eval/item_line.h"

#include "physprobe/eval/array_probe.h"
#include "physprobe/eval/json_number.h"
#include "physprobe/eval/stored_geometry.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

nlohmann::ordered_json item_line(const Suite& suite,
                                 const DatasetItem& item,
                                 const std::string& video_digest,
                                 const std::vector<EmbeddingJob>& jobs,
                                 const std::vector<StoreRecord>& records,
                                 const nlohmann::ordered_json& media) {
  Json line{{"id", item.id},
            {"path", item.relative_path},
            {"digest", video_digest},
            {"label", item.label},
            {"group", item.group},
            {"pair", item.pair},
            {"attributes", item.attributes}};
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>{"source", item.source},
        {"generator", item.generator},
        {"take", item.take},
        {"split", item.split}}) {
    if (!value.empty()) line[name] = value;
  }
  const Json first = Json::parse(records.front().meta);
  line["video"] = first.at("video");
  line["sampling"] = first.at("sampling");
  line["media"] = media;
  Json& encoders = line["encoders"] = Json::object();
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const Json meta = Json::parse(records[j].meta);
    Json& encoder = encoders[jobs[j].encoder_id];
    const bool is_main = jobs[j].untrained_seed < 0;
    if (is_main) {
      encoder["key"] = records[j].key;
      const int64_t step = jobs[j].encoder->info().frames_per_step;
      if (step != 1) encoder["frames_per_step"] = step;
      encoder["taps"] = Json::object();
    } else {
      encoder["untrained_keys"].push_back(records[j].key);
    }
    for (const std::string& tap : jobs[j].taps) {
      const StraighteningResult result = straightening(
          with_repeated_frames(get_geometry(records[j], tap + "/"), suite.repeated_frames));
      if (!is_main) {
        encoder["taps"][tap]["untrained"].push_back(finite_or_null(result.mean_curvature_deg));
        continue;
      }
      Json values = straightening_json(result);
      const Json& stored = meta.at("taps").at(tap);
      values["geophys"] = stored.at("geophys");
      Json fade_mean;
      const TrajectoryGeometry fade = get_geometry(records[j], tap + "/fade_");
      if (fade.n_frames > 0) {
        const StraighteningResult faded = straightening(fade);
        values["fade_curvature_deg"] = faded.curvature_deg;
        fade_mean = finite_or_null(faded.mean_curvature_deg);
      }
      values["fade_mean_curvature_deg"] = fade_mean;
      values["shuffled_mean_curvature_deg"] =
          stored.contains("shuffled") ? stored.at("shuffled") : Json();
      values["untrained_mean_curvature_deg"] = Json();
      encoder["taps"][tap] = values;
    }
  }
  // Untrained nulls: the mean over seeds beside the trained value.
  for (auto& [id, encoder] : encoders.items()) {
    for (auto& [tap, values] : encoder["taps"].items()) {
      if (!values.contains("untrained")) continue;
      double sum = 0.0;
      bool is_defined = true;
      for (const Json& value : values["untrained"]) {
        is_defined = is_defined && value.is_number();
        if (is_defined) sum += value.get<double>();
      }
      if (is_defined) {
        values["untrained_mean_curvature_deg"] =
            sum / static_cast<double>(values["untrained"].size());
      }
      values.erase("untrained");
    }
  }
  return line;
}

}  // namespace physprobe

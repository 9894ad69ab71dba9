#include "physprobe/eval/run_plan.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/encoders/encoder_factory.h"
#include "physprobe/eval/world_dataset.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace physprobe {
namespace {

std::vector<std::string> chosen_taps(const Suite& suite,
                                     const SuiteEncoder& entry,
                                     const EncoderInfo& info) {
  std::vector<std::string> known;
  for (const TapInfo& tap : info.taps) known.push_back(tap.name);
  std::vector<std::string> taps = entry.taps.empty() ? info.default_taps : entry.taps;
  for (const std::string& tap : taps) {
    if (std::find(known.begin(), known.end(), tap) == known.end()) {
      throw Error(ErrorKind::kUsage, "encoders",
                  fmt::format("{} has no tap '{}'{}", info.id, tap, did_you_mean(tap, known)));
    }
  }
  // The pixel null is the tap every encoder starts with; it leads, so that every table starts with
  // it.
  taps.erase(std::remove(taps.begin(), taps.end(), "pixel"), taps.end());
  const bool asked = entry.taps.empty() ||
                     std::find(entry.taps.begin(), entry.taps.end(), "pixel") != entry.taps.end();
  if (suite.pixel_null || asked) taps.insert(taps.begin(), "pixel");
  return taps;
}

/// Whether a built-in family, or the one still to be read off weights (""), computes where told to.
bool takes_device(const std::string& family) {
  if (family.empty()) return true;
  for (const EncoderFamily& known : encoder_families()) {
    if (known.name != family) continue;
    return std::find(known.options.begin(), known.options.end(), "device") != known.options.end();
  }
  return false;
}

}  // namespace

nlohmann::json on_device(nlohmann::json config, const std::string& device) {
  if (device.empty()) return config;
  const std::string id = config.value("id", std::string());
  const std::string family = config.value("family", id);
  if (family == "exec" || id.rfind("exec:", 0) == 0 || takes_device(family)) {
    if (!config.contains("options") || config["options"].is_null())
      config["options"] = nlohmann::json::object();
    if (config["options"].is_object() && !config["options"].contains("device"))
      config["options"]["device"] = device;
    return config;
  }
  if (device != "cpu") {
    throw Error(
        ErrorKind::kUsage, "--device",
        fmt::format("is '{}', but the encoder '{}' computes on the cpu; transformers and models "
                    "behind exec: may use another device",
                    device, family));
  }
  return config;
}

std::string ids_digest(const Dataset& dataset) {
  Sha256 digest;
  for (const DatasetItem& item : dataset.items) digest.update(item.id + "\n");
  return digest.hex();
}

std::vector<EmbeddingJob> plan_jobs(const Suite& suite, const std::string& device) {
  std::vector<EmbeddingJob> jobs;
  std::vector<std::string> ids;
  for (const SuiteEncoder& entry : suite.encoders) {
    const std::shared_ptr<const Encoder> encoder =
        make_encoder(on_device(nlohmann::json::parse(entry.config), device));
    const EncoderInfo& info = encoder->info();
    if (std::find(ids.begin(), ids.end(), info.id) != ids.end()) {
      throw Error(ErrorKind::kUsage, "encoders",
                  fmt::format("'{}' is listed twice with the same options", info.id));
    }
    if (info.frames_per_step != 1 && suite.repeated_frames == RepeatedFrames::kDrop) {
      throw Error(ErrorKind::kUsage, "repeated_frames",
                  fmt::format("is 'drop', but '{}' sees {} frames at a time and needs them all; "
                              "choose 'reuse' or 'error'",
                              info.id, info.frames_per_step));
    }
    ids.push_back(info.id);
    EmbeddingJob job;
    job.encoder = encoder;
    job.encoder_id = info.id;
    job.taps = chosen_taps(suite, entry, info);
    jobs.push_back(job);
    if (suite.untrained_null && info.has_weights) {
      for (int64_t i = 0; i < suite.untrained_seeds; ++i) {
        EmbeddingJob null = job;
        const uint64_t seed = suite.statistics.seed + static_cast<uint64_t>(i);
        null.encoder = encoder->untrained(seed);
        null.untrained_seed = static_cast<int64_t>(seed);
        jobs.push_back(null);
      }
    }
  }
  return jobs;
}

Dataset load_suite_dataset(const Suite& suite, const std::string& world_directory, int threads) {
  if (!suite.world.empty() && !suite.dataset_path.empty()) {
    throw Error(ErrorKind::kUsage, "dataset", "both 'path' and 'world' are given; give one");
  }
  std::string path = suite.dataset_path;
  if (!suite.world.empty()) {
    WorldRenderOptions render;
    render.world = suite.world;
    render.clips = suite.world_clips;
    render.seed = suite.world_seed;
    render.threads = threads;
    path = render_world_dataset(world_directory, render);
  }
  if (path.empty()) {
    throw Error(ErrorKind::kUsage, "dataset.path",
                "is not set; add --set dataset.path=FOLDER_OR_MANIFEST");
  }
  return load_dataset(path, suite.dataset);
}

RunPlan make_plan(const Suite& suite,
                  const Shard& shard,
                  const std::string& world_directory,
                  int threads,
                  const std::string& device) {
  RunPlan plan;
  plan.jobs = plan_jobs(suite, device);
  plan.dataset = load_suite_dataset(suite, world_directory, threads);
  for (std::size_t i = 0; i < plan.dataset.items.size(); ++i) {
    if (!shard.contains(plan.dataset.items[i].id)) continue;
    plan.items.push_back(&plan.dataset.items[i]);
    plan.positions.push_back(static_cast<int64_t>(i));
  }
  return plan;
}

nlohmann::ordered_json plan_json(const RunPlan& plan, const Suite& suite, const Shard& shard) {
  nlohmann::ordered_json items = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < plan.items.size(); ++i)
    items.push_back({plan.positions[i], plan.items[i]->id});
  return {{"schema", 1},
          {"suite_digest", suite_digest(suite)},
          {"suite", nlohmann::ordered_json::parse(suite.resolved)},
          {"layout", plan.dataset.layout},
          {"left_out", plan.dataset.left_out},
          {"dataset_items", plan.dataset.items.size()},
          {"dataset_ids_digest", ids_digest(plan.dataset)},
          {"shard", {{"index", shard.index}, {"count", shard.count}}},
          {"items", items}};
}

}  // namespace physprobe

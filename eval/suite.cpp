#include "physprobe/eval/suite.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/eval/config_reader.h"
#include "physprobe/eval/yaml_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kBig = std::numeric_limits<int64_t>::max() / 4;

bool is_position(const std::string& key) {
  return !key.empty() && key.size() <= 6 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Writes `value` at "a.b.c" (list positions as numbers: "encoders.0.taps"; the position behind the
/// last adds an entry).
void set_path(Json& root, const std::string& path, const Json& value, const std::string& subject) {
  Json* node = &root;
  std::size_t begin = 0;
  while (true) {
    const std::size_t dot = path.find('.', begin);
    const std::string key = path.substr(begin, dot == std::string::npos ? dot : dot - begin);
    if (node->is_null()) *node = is_position(key) ? Json::array() : Json::object();
    if (node->is_array()) {
      if (!is_position(key) || std::stoul(key) > node->size()) {
        throw Error(ErrorKind::kUsage, subject,
                    fmt::format("'{}': '{}' is not a position of a list with {} entries", path, key,
                                node->size()));
      }
      if (std::stoul(key) == node->size()) node->push_back(nullptr);
      node = &(*node)[std::stoul(key)];
    } else if (node->is_object()) {
      node = &(*node)[key];
    } else {
      throw Error(ErrorKind::kUsage, subject,
                  fmt::format("'{}': '{}' stands under a single value", path, key));
    }
    if (dot == std::string::npos) break;
    begin = dot + 1;
  }
  *node = value;
}

void apply_overrides(Json& document,
                     const std::vector<std::string>& overrides,
                     ConfigTrail& trail) {
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorKind::kUsage, "--set " + text, "expected key=value, such as sampling.n=24");
    }
    const std::string key = text.substr(0, equals);
    set_path(document, key, parse_yaml_as_json(text.substr(equals + 1), "--set " + key), "--set");
    trail.overridden.push_back(key);
  }
}

BootstrapOptions::Method bootstrap_method_from_name(const std::string& name) {
  if (name == "bca") return BootstrapOptions::Method::kBca;
  if (name == "percentile") return BootstrapOptions::Method::kPercentile;
  throw Error(ErrorKind::kUsage, "method", did_you_mean(name, {"bca", "percentile"}));
}

/// The probes a suite may name.
std::string probe_from_name(const std::string& name) {
  if (name == "straightening") return name;
  throw Error(ErrorKind::kUsage, "probe", did_you_mean(name, {"straightening"}));
}

void read_dataset(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("dataset"), "dataset", trail);
  suite.dataset_path = reader.text("path", "");
  suite.dataset.layout = reader.text("layout", "auto");
  suite.dataset.allow_outside_root = reader.boolean("allow_outside_root", false);
  suite.dataset.limit = reader.integer("limit", 0, 0, kBig);
  suite.dataset.columns = reader.pairs("columns");
  suite.world = reader.text("world", "");
  suite.world_clips = reader.integer("clips", 12, 1, 100000);
  suite.world_seed = static_cast<uint64_t>(reader.integer("seed", 7, 0, kBig));
  root.resolve("dataset", reader.finish());
}

void read_video(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("video"), "video", trail);
  VideoOptions& video = suite.video;
  video.stream_index = static_cast<int>(reader.integer("stream", -1, -1, 1000));
  video.allow_truncated = reader.boolean("allow_truncated", false);
  video.apply_rotation = reader.boolean("apply_rotation", true);
  video.image_sequence_fps = reader.number("image_sequence_fps", 25.0, 1e-3, 1e6);
  video.max_pixels = reader.integer("max_pixels", video.max_pixels, 1, kBig);
  video.max_frames = reader.integer("max_frames", video.max_frames, 1, kBig);
  root.resolve("video", reader.finish());
}

void read_sampling(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("sampling"), "sampling", trail);
  SamplingSpec& sampling = suite.sampling;
  sampling.scheme = reader.text("scheme", sampling.scheme);
  sampling.n = reader.integer("n", sampling.n, 1, kBig);
  sampling.fps = reader.number("fps", sampling.fps, 0.0, 1e6);
  sampling.window_seconds = reader.number("window_seconds", sampling.window_seconds, 0.0, 1e6);
  root.resolve("sampling", reader.finish());
  sampling.validate();
}

void read_encoders(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  const Json list = root.raw("encoders");
  if (!list.is_array() || list.empty()) {
    throw Error(ErrorKind::kUsage, trail.subject,
                "'encoders' must be a list with at least one entry, such as [{family: v1}]");
  }
  Json resolved = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    Json entry = list[i].is_string() ? Json{{"id", list[i]}} : list[i];
    if (!entry.is_object()) {
      throw Error(
          ErrorKind::kUsage, trail.subject,
          fmt::format("'encoders.{}' is {}, expected a name or keys and values", i, entry.dump()));
    }
    SuiteEncoder encoder;
    if (entry.contains("taps")) {
      ConfigReader reader(Json{{"taps", entry["taps"]}}, fmt::format("encoders.{}", i), trail);
      encoder.taps = reader.texts("taps", {});
    }
    resolved.push_back(entry);
    entry.erase("taps");
    encoder.config = dump_json(entry);
    suite.encoders.push_back(encoder);
  }
  root.resolve("encoders", resolved);
}

void read_memory(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("memory"), "memory", trail);
  suite.has_memory = reader.boolean("enabled", true);
  suite.metric = reader.named("metric", "cosine", metric_from_name);
  suite.k = reader.integer("k", 5, 1, 100000);
  suite.exclude = reader.named("exclude", "item", exclude_from_name);
  root.resolve("memory", reader.finish());
}

void read_geophys(const Json& value, Suite& suite, ConfigTrail& trail, ConfigReader& parent) {
  ConfigReader reader(value, "probes.0.options.geophys", trail);
  GeophysOptions& geophys = suite.geophys;
  geophys.standard_deviation =
      reader.named("std", "population", geophys_standard_deviation_from_name);
  geophys.zero_step = reader.named("zero_step", "skip", geophys_zero_step_from_name);
  geophys.residual = reader.named("perr", "affine_span", geophys_residual_from_name);
  geophys.history = reader.integer("history", 3, 1, 1000);
  parent.resolve("geophys", reader.finish());
  geophys.validate();
}

void read_probes(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  Json list = root.raw("probes");
  if (list.is_null()) list = Json::array({Json::object()});
  if (!list.is_array() || list.size() != 1) {
    throw Error(ErrorKind::kUsage, trail.subject,
                "'probes' must be a list with one entry: [{name: straightening}]");
  }
  ConfigReader reader(list[0].is_string() ? Json{{"name", list[0]}} : list[0], "probes.0", trail);
  reader.named("name", "straightening", probe_from_name);
  ConfigReader options(reader.raw("options"), "probes.0.options", trail);
  suite.repeated_frames = options.named("repeated_frames", "reuse", repeated_frames_from_name);
  suite.fade_control = options.boolean("fade", true);
  read_geophys(options.raw("geophys"), suite, trail, options);
  reader.resolve("options", options.finish());
  root.resolve("probes", Json::array({reader.finish()}));
}

void read_nulls(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("nulls"), "nulls", trail);
  suite.pixel_null = reader.boolean("pixels", true);
  suite.shuffled_null = reader.boolean("shuffled", true);
  suite.shuffles = reader.integer("shuffles", 8, 1, 10000);
  suite.shuffled_max_frames = reader.integer("shuffled_max_frames", 32, 3, 1024);
  suite.untrained_null = reader.boolean("untrained", true);
  suite.untrained_seeds = reader.integer("untrained_seeds", 1, 1, 100);
  root.resolve("nulls", reader.finish());
}

void read_statistics(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("statistics"), "statistics", trail);
  suite.statistics.resamples = reader.integer("resamples", 9999, 1, 10'000'000);
  suite.statistics.seed = static_cast<uint64_t>(reader.integer("seed", 0, 0, kBig));
  suite.statistics.level = reader.number("level", 0.95, 0.5, 0.9999);
  suite.statistics.method = reader.named("method", "bca", bootstrap_method_from_name);
  root.resolve("statistics", reader.finish());
}

void read_report(ConfigReader& root, Suite& suite, ConfigTrail& trail) {
  ConfigReader reader(root.raw("report"), "report", trail);
  suite.report_clips = reader.boolean("clips", true);
  suite.strip_frames = reader.integer("strip_frames", 12, 1, 64);
  root.resolve("report", reader.finish());
}

}  // namespace

Suite parse_suite(const std::string& yaml_text,
                  const std::string& subject,
                  const std::vector<std::string>& overrides) {
  ConfigTrail trail;
  trail.subject = subject;
  Json document = parse_yaml_as_json(yaml_text, subject);
  apply_overrides(document, overrides, trail);

  Suite suite;
  ConfigReader root(document, "", trail);
  root.integer("schema", 1, 1, 1);
  suite.name = root.text("name", "run");
  suite.description = root.text("description", "");
  read_dataset(root, suite, trail);
  read_video(root, suite, trail);
  read_sampling(root, suite, trail);
  read_encoders(root, suite, trail);
  read_memory(root, suite, trail);
  read_probes(root, suite, trail);
  read_nulls(root, suite, trail);
  read_statistics(root, suite, trail);
  read_report(root, suite, trail);
  suite.resolved = dump_json(root.finish());
  suite.origins = trail.origins;
  return suite;
}

Suite load_suite(const std::string& path, const std::vector<std::string>& overrides) {
  return parse_suite(read_file(path, std::size_t{16} << 20), path, overrides);
}

std::string suite_digest(const Suite& suite) {
  Json resolved = Json::parse(suite.resolved);
  // Where the data lies and how the suite is called change no value.
  resolved["dataset"].erase("path");
  resolved.erase("name");
  resolved.erase("description");
  return sha256_hex(dump_json(resolved));
}

}  // namespace physprobe

#pragma once
// A suite: what one run looks at and measures, read from YAML with overrides. Every field has a
// default or is required; unknown keys are refused with the nearest valid one; the origin of each
// value is kept for `config show`.

#include "physprobe/core/statistics/bootstrap.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/memory/visual_memory.h"
#include "physprobe/probes/geophys.h"
#include "physprobe/probes/straightening.h"
#include "physprobe/video/sampling.h"
#include "physprobe/video/video_reader.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// One encoder of a suite: the configuration handed to `make_encoder`, and which taps to read.
struct SuiteEncoder {
  std::string config;             ///< JSON text for make_encoder.
  std::vector<std::string> taps;  ///< Empty = the encoder's defaults.
};

struct Suite {
  std::string name;
  std::string description;

  // dataset
  std::string dataset_path;
  DatasetOptions dataset;
  std::string world;  ///< A rendered world instead of a path ("" = none); drawn into OUT/data.
  int64_t world_clips = 12;
  uint64_t world_seed = 7;

  VideoOptions video;
  SamplingSpec sampling;
  std::vector<SuiteEncoder> encoders;

  // memory
  bool has_memory = true;
  Metric metric = Metric::kCosine;
  int64_t k = 5;
  Exclude exclude = Exclude::kItem;

  // probes.straightening
  RepeatedFrames repeated_frames = RepeatedFrames::kReuse;
  bool fade_control = true;
  GeophysOptions geophys;

  // nulls
  bool pixel_null = true;
  bool shuffled_null = true;
  int64_t shuffles = 8;              ///< Random orders averaged per clip.
  int64_t shuffled_max_frames = 32;  ///< Longer clips: the central block of this many samples.
  bool untrained_null = true;
  int64_t untrained_seeds = 1;

  BootstrapOptions statistics;

  // report
  bool report_clips = true;
  int64_t strip_frames = 12;

  std::string resolved;  ///< The whole configuration with defaults filled in, compact JSON in a
                         ///< fixed order.
  std::map<std::string, std::string> origins;  ///< "sampling.n" -> "default" | "file" | "--set".
};

/// Reads `path` (YAML) and applies `overrides` ("key.path=value", value parsed as YAML). Throws
/// Error(kUsage) naming file, line, key and the nearest valid key, or Error(kInput) when the file
/// is missing or not YAML.
Suite load_suite(const std::string& path, const std::vector<std::string>& overrides = {});

/// The same from YAML text; `subject` names it in messages.
Suite parse_suite(const std::string& yaml_text,
                  const std::string& subject,
                  const std::vector<std::string>& overrides = {});

/// Digest of what a suite computes: everything resolved except the dataset's path and the name.
std::string suite_digest(const Suite& suite);

}  // namespace physprobe

#pragma once
// A finished run directory made up for the report's tests: seeded numbers in the layout of
// docs/run_format.md.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe::testing {

struct SyntheticRun {
  int64_t items = 8;
  int64_t failures = 1;
  std::vector<std::string> labels = {"natural", "shuffled"};
  std::vector<std::string> first_ids;  ///< Ids of the first items; the others are "clip-0007".
  int64_t strip_bytes = 0;             ///< Pad film strips and clips to this size; 0 = as they are.
  bool own_media = false;              ///< Every item has files of its own instead of sharing four.
  bool with_clips = true;
  uint64_t seed = 1;
};

/// Writes the run into `directory`, which exists.
void write_synthetic_run(const SyntheticRun& run, const std::string& directory);

/// Writes results.json and the COMPLETE that belongs to it.
void write_results(const nlohmann::ordered_json& results, const std::string& directory);

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

/// How often `part` stands in `text`.
int64_t count_of(const std::string& text, const std::string& part);

}  // namespace physprobe::testing

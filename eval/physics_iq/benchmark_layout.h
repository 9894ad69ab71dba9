#pragma once
// The benchmark's files as they lie on disk: the descriptions table, real clips and masks by rate,
// and folders of generated videos, which are matched by the four digits their names begin with.
// Nothing is renamed.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// One view of a scene, from the descriptions table.
struct BenchmarkSample {
  int64_t id = 0;        ///< Of take 1.
  int64_t id_take2 = 0;  ///< 0: the table names none.
  std::string scenario;  ///< "trimmed-<scene>.mp4".
  std::string view;
  std::string category;
};

/// Reads the descriptions table (columns scenario and category; others are ignored): the samples in
/// the order of their take-1 ids. Throws Error(kInput) listing every line that is not as the
/// benchmark names its clips.
std::vector<BenchmarkSample> read_descriptions(const std::string& path);

/// The folder that holds split-videos: `root` itself, or its physics-IQ-benchmark-verified or
/// physics-IQ-benchmark. Throws Error(kInput).
std::string find_benchmark_folder(const std::string& root, const std::string& ground_truth);

/// Path of a real clip at this integer rate, "" if there is none. `take` is 1 or 2.
std::string find_real_clip(const std::string& folder,
                           const BenchmarkSample& sample,
                           int take,
                           int fps);
/// Where a real clip is expected, for messages.
std::string expected_real_clip(const BenchmarkSample& sample, int take, int fps);

/// Path of a published real mask video, "" if there is none.
std::string find_real_masks(const std::string& folder,
                            const BenchmarkSample& sample,
                            int take,
                            int fps);

struct GeneratedFolder {
  std::string run;                       ///< The folder's name.
  std::map<int64_t, std::string> by_id;  ///< Paths.
  std::vector<std::string> ignored;      ///< Entries that are no video.
  std::vector<std::string> problems;     ///< Names without an id, doubled ids.
};

/// Throws Error(kInput) if there is no such folder or no video in it.
GeneratedFolder list_generated(const std::string& folder);

/// "0007".
std::string id_text(int64_t id);

}  // namespace physprobe

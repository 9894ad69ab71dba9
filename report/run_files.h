#pragma once
// A finished run directory as the report reads it: results whole, items as a stream. What is kept
// per item is a few short texts and one number, so that a run of any size fits. Internal.

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace physprobe {

/// What is remembered of every item.
struct ItemSummary {
  std::string id;
  std::string label;
  std::string strip;  ///< media.strip, "" if none.
  int64_t strip_frames = 0;
  double aspect = 1.0;     ///< Width over height of one frame of the strip.
  double tap_deg = 0.0;    ///< Mean curvature at the ranking tap, NaN if undefined.
  double pixel_deg = 0.0;  ///< Mean curvature of the pixels, NaN if undefined.
};

/// An encoder of the run, its taps from input to output.
struct EncoderTaps {
  std::string id;
  std::vector<std::string> taps;
  /// The retrieval tap, or the last one when that was not read; "" when only pixels were.
  std::string main_tap;
};

/// An open run directory. Lines are counted from 0 here.
class RunFiles {
 public:
  /// Checks that the run is finished and of this schema and reads the summaries. Throws
  /// Error(kInput), Error(kIncompatible).
  explicit RunFiles(const std::string& directory);
  ~RunFiles();
  RunFiles(const RunFiles&) = delete;
  RunFiles& operator=(const RunFiles&) = delete;

  const std::string& directory() const { return directory_; }
  const nlohmann::json& results() const;
  const std::vector<EncoderTaps>& encoders() const { return encoders_; }
  /// The encoder whose main tap orders the items: the first that has one.
  EncoderTaps ranking() const;
  /// In the order of items.jsonl.
  const std::vector<ItemSummary>& items() const { return items_; }
  /// Index into items(), or -1.
  int64_t find(const std::string& id) const;
  /// Parses the lines for which `wants(index)` holds, in order.
  void for_each(const std::function<bool(int64_t)>& wants,
                const std::function<void(int64_t, const nlohmann::json&)>& body) const;
  /// Calls `body` for every failed item, in order; a missing failures.jsonl means none.
  void for_each_failure(const std::function<void(const nlohmann::json&)>& body) const;

 private:
  void read_results();
  void read_items();
  void check_failures() const;
  struct Results;
  std::string directory_;
  std::unique_ptr<Results> results_;
  std::vector<EncoderTaps> encoders_;
  std::vector<ItemSummary> items_;
  std::unordered_map<std::string, int64_t> index_;
};

}  // namespace physprobe

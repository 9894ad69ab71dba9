#pragma once
// Published Physics-IQ results, as data (state: September 2026), and the place a run takes among
// them: original scores on the original ground truth, Verified scores on the Verified one.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct LeaderboardRow {
  std::string model;
  std::string input;        ///< "i2v" or "v2v".
  double score = 0.0;       ///< Percent.
  double deviation = -1.0;  ///< Over runs; -1: not published.
  std::string prompts;      ///< "bpp", "op", "" unknown.
  std::string date;
  std::string source;
};

/// "verified" or "original".
const std::vector<LeaderboardRow>& leaderboard(const std::string& ground_truth);

/// Number of rows of this input.
int64_t leaderboard_size(const std::string& ground_truth, const std::string& input);

/// Number of rows of the same input whose score is higher, plus one.
int64_t leaderboard_place(const std::string& ground_truth, const std::string& input, double score);

}  // namespace physprobe

#pragma once
// Published MVP results, as data, and a check that they fit the benchmark's sizes.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// Percent; tasks in the order of mvp_tasks(). NaN where nothing is published.
struct PublishedMvp {
  std::string model;
  std::string subset;  ///< "mvp_mini"; results of different subsets are never set side by side.
  double pair = 0.0, single = 0.0;
  std::array<double, 4> task_pair;
  std::array<double, 4> task_single;
  std::string source;
};

const std::vector<PublishedMvp>& published_mvp();

/// Pairs per task of a subset; 0 where the size is not published.
std::array<int64_t, 4> mvp_pair_counts(const std::string& subset);

struct PublishedCheck {
  std::string model;
  std::string task;    ///< Or "group".
  std::string metric;  ///< "pair" or "single".
  double published = 0.0;
  double nearest = 0.0;  ///< Nearest value that the sizes (or the tasks' mean) allow.
  int64_t right = 0;     ///< Units right at that value; 0 for the group.
  int64_t n = 0;
  bool holds = false;
};

/// Every published percentage against the multiples of 1/n that its task's size allows, and each
/// group value against the mean of its tasks. Published digits are four after the point.
std::vector<PublishedCheck> check_published_mvp();

}  // namespace physprobe

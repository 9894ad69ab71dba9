#pragma once
// Medians of repeated wall and CPU times.

#include <cstdint>
#include <functional>
#include <vector>

namespace physprobe {

/// Median wall time of `repetitions` calls, seconds, after one call that is not counted.
double median_seconds(int64_t repetitions, const std::function<void()>& body);

/// Median CPU time (user and system, all threads of this process), seconds.
double median_cpu_seconds(int64_t repetitions, const std::function<void()>& body);

/// Median CPU times of several bodies run in turns, seconds, after `uncounted` rounds: what
/// disturbs the machine disturbs all of them.
std::vector<double> median_cpu_seconds_in_turns(int64_t repetitions,
                                                const std::vector<std::function<void()>>& bodies,
                                                int64_t uncounted = 1);

/// Wall times of several bodies run in turns, seconds: [body][round], after one round that is not
/// counted.
std::vector<std::vector<double>> seconds_in_turns(int64_t repetitions,
                                                  const std::vector<std::function<void()>>& bodies);

/// Median over the rounds of first / second.
double median_ratio(const std::vector<double>& first, const std::vector<double>& second);

double median(std::vector<double> values);

struct PairedMedians {
  double first = -1.0;
  double second = -1.0;
};

/// Median CPU times of two child programs run in turns, seconds: what disturbs the machine disturbs
/// both. Negative if one cannot be run or fails.
PairedMedians paired_median_child_cpu_seconds(int64_t repetitions,
                                              const std::function<int()>& run_first,
                                              const std::function<int()>& run_second);

/// Median CPU time of a child program, seconds; negative if it cannot be run or fails.
double median_child_cpu_seconds(int64_t repetitions, const std::function<int()>& run_child);

}  // namespace physprobe

#include "physprobe/benchmarks/timing.h"

#include <algorithm>
#include <chrono>
#include <sys/resource.h>
#include <utility>

namespace physprobe {
namespace {

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU time of one child; negative if it fails.
double child_cpu_seconds(const std::function<int()>& run_child) {
  const double start = cpu_seconds(RUSAGE_CHILDREN);
  if (run_child() != 0) return -1.0;
  return cpu_seconds(RUSAGE_CHILDREN) - start;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

std::vector<std::vector<double>> seconds_in_turns(
    int64_t repetitions, const std::vector<std::function<void()>>& bodies) {
  std::vector<std::vector<double>> times(bodies.size());
  for (int64_t round = -1; round < repetitions; ++round) {
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      bodies[i]();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      if (round >= 0) times[i].push_back(taken.count());
    }
  }
  return times;
}

double median_ratio(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < first.size(); ++i) ratios.push_back(first[i] / second[i]);
  return median(std::move(ratios));
}

double median_seconds(int64_t repetitions, const std::function<void()>& body) {
  body();
  std::vector<double> times;
  for (int64_t i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return median(times);
}

std::vector<double> median_cpu_seconds_in_turns(int64_t repetitions,
                                                const std::vector<std::function<void()>>& bodies,
                                                int64_t uncounted) {
  std::vector<std::vector<double>> times(bodies.size());
  for (int64_t round = -uncounted; round < repetitions; ++round) {
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const double start = cpu_seconds(RUSAGE_SELF);
      bodies[i]();
      if (round >= 0) times[i].push_back(cpu_seconds(RUSAGE_SELF) - start);
    }
  }
  std::vector<double> medians;
  medians.reserve(times.size());
  for (std::vector<double>& of_one : times) medians.push_back(median(std::move(of_one)));
  return medians;
}

double median_cpu_seconds(int64_t repetitions, const std::function<void()>& body) {
  return median_cpu_seconds_in_turns(repetitions, {body}).front();
}

PairedMedians paired_median_child_cpu_seconds(int64_t repetitions,
                                              const std::function<int()>& run_first,
                                              const std::function<int()>& run_second) {
  std::vector<double> first;
  std::vector<double> second;
  for (int64_t i = -1; i < repetitions; ++i) {
    const double one = child_cpu_seconds(run_first);
    const double two = child_cpu_seconds(run_second);
    if (one < 0.0 || two < 0.0) return {};
    if (i < 0) continue;  // the first round fills the page cache
    first.push_back(one);
    second.push_back(two);
  }
  return {median(first), median(second)};
}

double median_child_cpu_seconds(int64_t repetitions, const std::function<int()>& run_child) {
  return paired_median_child_cpu_seconds(repetitions, run_child, [] { return 0; }).first;
}

}  // namespace physprobe

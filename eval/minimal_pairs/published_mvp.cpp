#include "physprobe/eval/minimal_pairs/published_mvp.h"

#include "physprobe/core/not_a_number.h"
#include "physprobe/eval/minimal_pairs/mvp_reader.h"

#include <cmath>

namespace physprobe {
namespace {

// Published with four digits after the point; the mean of four such values adds as much again.
constexpr double kRounding = 0.5e-4 + 1e-9;
constexpr double kMeanRounding = 1e-4 + 1e-9;

const std::array<double, 4> kNoTasks = {kNaN, kNaN, kNaN, kNaN};

}  // namespace

const std::vector<PublishedMvp>& published_mvp() {
  static const std::vector<PublishedMvp> list = {
      {"Qwen2-VL 7B (16 frames)",
       "mvp_mini",
       29.2337,
       62.2698,
       {32.2851, 21.2000, 18.9171, 44.5328},
       {63.3648, 58.5000, 57.0853, 70.1292},
       "MVP repository and paper (Krojer et al. 2025)"},
      {"InternVL2.5 8B",
       "mvp_mini",
       39.9227,
       68.2662,
       {38.0853, 38.7000, 23.0645, 59.8410},
       {67.5926, 66.3500, 60.1959, 78.9264},
       "MVP repository and paper (Krojer et al. 2025)"},
      {"V-JEPA 2 with a language model", "mvp_mini", 44.5, kNaN, kNoTasks, kNoTasks,
       "V-JEPA 2 (Assran et al. 2025)"},
      {"humans", "mvp", 92.9, kNaN, kNoTasks, kNoTasks, "Krojer et al. 2025"},
      {"best open model of the paper", "mvp", 40.2, kNaN, kNoTasks, kNoTasks, "Krojer et al. 2025"},
  };
  return list;
}

std::array<int64_t, 4> mvp_pair_counts(const std::string& subset) {
  if (subset == "mvp_mini") return {2862, 1000, 4340, 1006};
  return {0, 0, 0, 0};
}

std::vector<PublishedCheck> check_published_mvp() {
  std::vector<PublishedCheck> checks;
  for (const PublishedMvp& published : published_mvp()) {
    const std::array<int64_t, 4> pairs = mvp_pair_counts(published.subset);
    for (const bool is_pair : {true, false}) {
      const std::array<double, 4>& values = is_pair ? published.task_pair : published.task_single;
      if (std::isnan(values[0])) continue;
      double sum = 0.0;
      for (std::size_t t = 0; t < values.size(); ++t) {
        PublishedCheck check;
        check.model = published.model;
        check.task = published.subset + "_" + mvp_tasks()[t];
        check.metric = is_pair ? "pair" : "single";
        check.published = values[t];
        check.n = is_pair ? pairs[t] : 2 * pairs[t];
        check.right = std::llround(values[t] / 100.0 * static_cast<double>(check.n));
        check.nearest = 100.0 * static_cast<double>(check.right) / static_cast<double>(check.n);
        check.holds = std::abs(check.nearest - check.published) <= kRounding;
        sum += values[t];
        checks.push_back(check);
      }
      PublishedCheck group;
      group.model = published.model;
      group.task = "group";
      group.metric = is_pair ? "pair" : "single";
      group.published = is_pair ? published.pair : published.single;
      group.nearest = sum / 4.0;
      group.n = 4;
      group.holds = std::abs(group.nearest - group.published) <= kMeanRounding;
      checks.push_back(group);
    }
  }
  return checks;
}

}  // namespace physprobe

#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/evaluation_files.h"
#include "physprobe/eval/physics_iq/score_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Collects views into rows, scenes in order of first appearance.
ResultTable collect(const EvaluationPlan& plan,
                    const std::vector<ViewOutcome>& outcomes,
                    const std::vector<std::string>& messages,
                    std::size_t run,
                    const std::string& baseline) {
  ResultTable table;
  table.source = plan.runs[run].name;
  table.views = plan.views;
  std::map<std::string, std::size_t> row_of;
  for (std::size_t j = 0; j < plan.jobs.size(); ++j) {
    if (!messages[j].empty()) continue;
    const ViewJob& job = plan.jobs[j];
    for (std::size_t g = 0; g < job.generated.size(); ++g) {
      if (job.generated[g].run != run || !outcomes[j].failures[g].empty()) continue;
      const TruthRecord& truth = outcomes[j].truth;
      if (!baseline.empty() && truth.baselines.count(baseline) == 0) continue;
      const auto [row, is_new] = row_of.emplace(job.scenario, table.rows.size());
      if (is_new) table.rows.push_back({job.scenario, {}});
      table.rows[row->second].views[job.view] =
          joined(truth, baseline.empty() ? outcomes[j].generated[g].metrics
                                         : truth.baselines.at(baseline));
    }
  }
  return table;
}

}  // namespace

ResultTable table_of_run(const EvaluationPlan& plan,
                         const std::vector<ViewOutcome>& outcomes,
                         const std::vector<std::string>& messages,
                         std::size_t run) {
  return collect(plan, outcomes, messages, run, "");
}

ResultTable table_of_baseline(const EvaluationPlan& plan,
                              const std::vector<ViewOutcome>& outcomes,
                              const std::vector<std::string>& messages,
                              std::size_t run,
                              const std::string& baseline) {
  return collect(plan, outcomes, messages, run, baseline);
}

std::string metrics_json_text(const PhysicsIqScores& scores) {
  std::string text = "{";
  for (const auto& [name, value] : scores.entries()) {
    const std::string number = std::isnan(value)   ? "NaN"
                               : std::isinf(value) ? (value > 0 ? "Infinity" : "-Infinity")
                                                   : dump_json(nlohmann::ordered_json(value));
    text += fmt::format("{}\n    \"{}\": {}", text.size() > 1 ? "," : "", name, number);
  }
  return text + "\n}";
}

Json scores_json(const PhysicsIqScores& scores) {
  Json json = Json::object();
  for (const auto& [name, value] : scores.entries()) json[name] = finite_or_null(value);
  return json;
}

}  // namespace physprobe

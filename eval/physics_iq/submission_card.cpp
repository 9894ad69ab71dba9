#include "physprobe/eval/physics_iq/submission_card.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/physics_iq/run_aggregate.h"
#include "physprobe/eval/physics_iq/run_overview.h"
#include "physprobe/eval/physics_iq/score_json.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>

#include <filesystem>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kRunsOfAClaim = 4;  // the leaderboard's rule

std::string claim(const ScoredRuns& scored, std::size_t models, const std::string& reason_without) {
  if (models > 1) return fmt::format("none: runs of {} models: make a card for each", models);
  if (!reason_without.empty()) return "none: " + reason_without;
  return scored.all.size() >= kRunsOfAClaim
             ? fmt::format("{} runs: fit for a best-result claim", scored.all.size())
             : fmt::format("{} runs: a best-result claim needs {}", scored.all.size(),
                           kRunsOfAClaim);
}

}  // namespace

void write_submission_card(const PhysicsIqOptions& options,
                           const EvaluationPlan& plan,
                           const ItemLines& lines,
                           const ScoredRuns& scored,
                           const Json& aggregate,
                           const Json& settings) {
  Json generation = Json::object();
  for (const auto& [key, value] : options.settings) generation[key] = value;
  Json runs = Json::array();
  for (std::size_t i = 0; i < scored.all.size(); ++i)
    runs.push_back({{"name", scored.names[i]},
                    {"verified", finite_or_null(100.0 * scored.all[i].final_score_view)},
                    {"original", finite_or_null(100.0 * scored.all[i].final_score_orig)},
                    {"original_historical", finite_or_null(scored.all[i].final_score_origround)}});
  const std::string reason = reason_without_place(options, plan);
  const std::size_t models = aggregate.at("models").size();
  const bool has_prompts = !plan.is_custom && !options.plan.descriptions.empty();
  const Json card = {
      {"benchmark", physics_iq_protocol(options)},
      {"ground_truth", options.plan.ground_truth},
      {"input", options.input.empty() ? Json() : Json(options.input)},
      {"unit", "percent"},
      {"runs", runs},
      // A mean over several models is no model's.
      {"aggregate", models > 1 ? Json() : aggregate},
      {"best_result_claim", claim(scored, models, reason)},
      {"prompts",
       has_prompts
           ? Json{{"table", std::filesystem::path(options.plan.descriptions).filename().string()},
                  {"sha256", sha256_file(options.plan.descriptions)}}
           : Json()},
      {"frames_dropped", options.plan.drop_first},
      {"settings_of_the_evaluation", settings},
      {"settings_of_the_generation", generation},
      {"digests_sha256", lines.digests_sha256},
      {"producer", std::string("physprobe ") + version()}};
  write_file_atomic(options.out + "/submission_card.json", dump_json_pretty(card));
}

}  // namespace physprobe

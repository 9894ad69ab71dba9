#include "physprobe/eval/physics_iq/run_aggregate.h"

#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/statistics/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace physprobe {
namespace {

/// Two decimals without trailing zeros beyond the first, as pandas writes a rounded number.
std::string two_decimals(double value) {
  if (std::isnan(value)) return "";
  std::string text = fmt::format("{}", round_scaled(value, 2));
  if (std::isfinite(value) && text.find('.') == std::string::npos) text += ".0";
  return text;
}

/// Width in characters of UTF-8 text.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string padded(const std::string& text, std::size_t width, bool to_the_right) {
  const std::size_t used = characters(text);
  const std::string space(width > used ? width - used : 0, ' ');
  return to_the_right ? space + text : text + space;
}

}  // namespace

std::vector<AggregatedScore> aggregate_runs(const std::vector<PhysicsIqScores>& runs,
                                            const std::string& score_type) {
  const bool is_verified = score_type == "verified";
  if (!is_verified && score_type != "original")
    throw Error(ErrorKind::kUsage, "--score-type",
                fmt::format("is '{}'; expected verified or original", score_type));
  std::vector<AggregatedScore> scores;
  for (const auto& [stem, label] : {std::pair<const char*, const char*>{"final_score", "Phys-IQ"},
                                    {"score_spatial", "SP"},
                                    {"score_spatiotemporal", "ST"},
                                    {"score_weighted_spatial", "WS"},
                                    {"score_mse", "MSE"}}) {
    AggregatedScore score;
    score.key = stem;
    if (is_verified) {
      score.key += "_view";
    } else if (score.key == "final_score") {
      score.key += "_orig";
    }
    score.label = std::string(label) + (is_verified ? " verified" : " orig.");
    std::vector<double> values;
    for (const PhysicsIqScores& run : runs) {
      for (const auto& [name, value] : run.entries())
        if (name == score.key) values.push_back(100.0 * value);
    }
    score.mean = mean(values);
    score.deviation = std::sqrt(variance(values, 1));
    scores.push_back(std::move(score));
  }
  return scores;
}

std::string model_of_run(const std::string& run) {
  const std::string mark = "run_";
  const std::size_t at = run.rfind(mark);
  if (at == std::string::npos || at < 2 || (run[at - 1] != '-' && run[at - 1] != '_')) return run;
  const std::string number = run.substr(at + mark.size());
  const bool is_number = !number.empty() && std::all_of(number.begin(), number.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  return is_number ? run.substr(0, at - 1) : run;
}

std::string aggregate_csv(const std::vector<AggregatedScore>& scores, const std::string& model) {
  std::vector<std::string> heading;
  if (!model.empty()) heading.emplace_back("Model");
  for (const AggregatedScore& score : scores) {
    heading.push_back(score.label + " mean");
    heading.push_back(score.label + " std");
  }
  CsvWriter csv(heading);
  if (!model.empty()) csv.cell(model);
  for (const AggregatedScore& score : scores)
    csv.cell(two_decimals(score.mean)).cell(two_decimals(score.deviation));
  csv.end_row();
  return csv.text();
}

std::string aggregate_latex(const std::vector<AggregatedScore>& scores) {
  const std::string title = "Mean ± Std";
  std::vector<std::string> values;
  std::size_t label_width = 5;
  std::size_t value_width = characters(title);
  for (const AggregatedScore& score : scores) {
    values.push_back(std::isnan(score.deviation)
                         ? fmt::format("${:.1f}$", score.mean)
                         : fmt::format("${:.1f} \\pm {:.1f}$", score.mean, score.deviation));
    label_width = std::max(label_width, characters(score.label));
    // The evaluator's table writer reserves room for a backslash as if it were escaped.
    const auto backslashes =
        static_cast<std::size_t>(std::count(values.back().begin(), values.back().end(), '\\'));
    value_width = std::max(value_width, characters(values.back()) + backslashes);
  }
  std::string text = "\\begin{tabular}{ll}\n\\toprule\n{} & " + padded(title, value_width, true) +
                     " \\\\\n" + padded("Score", label_width, false) + " & " +
                     padded("", value_width, true) + " \\\\\n\\midrule\n";
  for (std::size_t i = 0; i < scores.size(); ++i)
    text += padded(scores[i].label, label_width, false) + " & " +
            padded(values[i], value_width, true) + " \\\\\n";
  return text + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace physprobe

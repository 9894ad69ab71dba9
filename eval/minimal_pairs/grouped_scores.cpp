#include "physprobe/eval/minimal_pairs/grouped_scores.h"

#include "physprobe/core/statistics/binomial.h"
#include "physprobe/core/statistics/proportion.h"
#include "physprobe/core/statistics/tabulated_bootstrap.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"

#include <limits>
#include <map>

namespace physprobe {

const GroupedProtocol& winoground_protocol() {
  static const GroupedProtocol protocol = {
      "pairs/winoground-1", {{"text", 1, 25.0}, {"image", 1, 25.0}, {"group", 1, 100.0 / 6.0}}, 0};
  return protocol;
}

const GroupedProtocol& vinoground_protocol() {
  static const GroupedProtocol protocol = {
      "pairs/vinoground-1", {{"text", 1, 25.0}, {"video", 1, 25.0}, {"group", 1, 6.25}}, 500};
  return protocol;
}

const GroupedProtocol& naturalbench_protocol() {
  static const GroupedProtocol protocol = {
      "pairs/naturalbench-1",
      {{"Acc", 4, 50.0}, {"Q_Acc", 2, 25.0}, {"I_Acc", 2, 25.0}, {"G_Acc", 1, 6.25}},
      0};
  return protocol;
}

const GroupedProtocol& relative_protocol() {
  static const GroupedProtocol protocol = {"pairs/relative-1", {{"relative_accuracy", 1, 50.0}}, 0};
  return protocol;
}

const GroupedProtocol* grouped_protocol(const std::string& id) {
  for (const GroupedProtocol* protocol : {&winoground_protocol(), &vinoground_protocol(),
                                          &naturalbench_protocol(), &relative_protocol()}) {
    if (protocol->id == id) return protocol;
  }
  return nullptr;
}

std::vector<int> winoground_right(const CaptionVisualScores& s) {
  const bool text = s[0][0] > s[1][0] && s[1][1] > s[0][1];
  const bool image = s[0][0] > s[0][1] && s[1][1] > s[1][0];
  return {text, image, text && image};
}

std::vector<int> vinoground_right(const VinogroundExample& example) {
  const bool text = example.text[0] && example.text[1];
  const bool video = example.video[0] && example.video[1];
  return {text, video, text && video};
}

std::vector<int> naturalbench_right(const NaturalBenchAnswers& answers) {
  const bool q0i0 = answers[0] == 1;
  const bool q0i1 = answers[1] == 0;
  const bool q1i0 = answers[2] == 0;
  const bool q1i1 = answers[3] == 1;
  return {q0i0 + q0i1 + q1i0 + q1i1, (q0i0 && q0i1) + (q1i0 && q1i1),
          (q0i0 && q1i0) + (q0i1 && q1i1), q0i0 && q0i1 && q1i0 && q1i1};
}

std::vector<GroupedScore> grouped_scores(const GroupedProtocol& protocol,
                                         const std::vector<std::vector<int>>& right,
                                         const BootstrapOptions& options,
                                         const std::vector<std::string>& clusters) {
  const auto given = static_cast<int64_t>(right.size());
  const int64_t examples = protocol.examples > 0 ? protocol.examples : given;
  std::vector<GroupedScore> scores;
  for (std::size_t k = 0; k < protocol.kinds.size(); ++k) {
    const GroupedScoreKind& kind = protocol.kinds[k];
    std::map<int, int64_t> examples_by_right;
    GroupedScore score;
    for (const std::vector<int>& example : right) {
      ++examples_by_right[example[k]];
      score.right += example[k];
    }
    examples_by_right[0] += examples - given;
    score.name = kind.name;
    score.n = examples * kind.units;
    score.chance = kind.chance;
    score.value = score.n == 0
                      ? 0.0
                      : 100.0 * static_cast<double>(score.right) / static_cast<double>(score.n);
    if (!clusters.empty()) {
      std::vector<double> shares;
      for (const std::vector<int>& example : right)
        shares.push_back(100.0 * example[k] / static_cast<double>(kind.units));
      score.interval = bootstrap_mean_clustered(shares, clusters, options);
      score.above_p = std::numeric_limits<double>::quiet_NaN();
    } else if (kind.units == 1) {
      score.interval =
          in_percent(wilson_interval(static_cast<double>(score.right), score.n, options.level));
      score.above_p = binomial_test(score.right, score.n, kind.chance / 100.0).greater_p;
    } else {
      // The answers to one example are not independent: examples are what is resampled.
      TabulatedStratum stratum;
      for (const auto& [units_right, count] : examples_by_right)
        stratum.cells.push_back(
            {static_cast<double>(units_right), static_cast<double>(kind.units), count});
      score.interval = in_percent(bootstrap_tabulated({stratum}, options));
      score.above_p = std::numeric_limits<double>::quiet_NaN();
    }
    scores.push_back(score);
  }
  return scores;
}

}  // namespace physprobe

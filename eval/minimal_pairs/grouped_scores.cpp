#include "physprobe/eval/minimal_pairs/grouped_scores.h"

#include "physprobe/core/statistics/proportion.h"
#include "physprobe/eval/minimal_pairs/pair_scores.h"

namespace physprobe {

GroupedScore grouped_score(
    const std::string& name, int64_t right, int64_t n, double chance, double level) {
  GroupedScore score;
  score.name = name;
  score.right = right;
  score.n = n;
  score.chance = chance;
  score.value = n == 0 ? 0.0 : 100.0 * static_cast<double>(right) / static_cast<double>(n);
  score.interval = in_percent(wilson_interval(static_cast<double>(right), n, level));
  return score;
}

std::vector<GroupedScore> winoground_scores(const std::vector<CaptionVisualScores>& examples,
                                            double level) {
  int64_t text = 0;
  int64_t image = 0;
  int64_t group = 0;
  for (const CaptionVisualScores& s : examples) {
    const bool text_right = s[0][0] > s[1][0] && s[1][1] > s[0][1];
    const bool image_right = s[0][0] > s[0][1] && s[1][1] > s[1][0];
    text += text_right;
    image += image_right;
    group += text_right && image_right;
  }
  const auto n = static_cast<int64_t>(examples.size());
  return {grouped_score("text", text, n, 25.0, level),
          grouped_score("image", image, n, 25.0, level),
          grouped_score("group", group, n, 100.0 / 6.0, level)};
}

std::vector<GroupedScore> vinoground_scores(const std::vector<VinogroundExample>& examples,
                                            double level) {
  int64_t text = 0;
  int64_t video = 0;
  int64_t group = 0;
  for (const VinogroundExample& example : examples) {
    const bool text_right = example.text[0] && example.text[1];
    const bool video_right = example.video[0] && example.video[1];
    text += text_right;
    video += video_right;
    group += text_right && video_right;
  }
  return {grouped_score("text", text, kVinogroundExamples, 25.0, level),
          grouped_score("video", video, kVinogroundExamples, 25.0, level),
          grouped_score("group", group, kVinogroundExamples, 6.25, level)};
}

std::vector<GroupedScore> naturalbench_scores(const std::vector<NaturalBenchAnswers>& examples,
                                              double level) {
  constexpr NaturalBenchAnswers kRight = {1, 0, 0, 1};
  int64_t answers = 0;
  int64_t questions = 0;
  int64_t images = 0;
  int64_t groups = 0;
  for (const NaturalBenchAnswers& given : examples) {
    std::array<bool, 4> right{};
    for (std::size_t i = 0; i < right.size(); ++i) {
      right[i] = given[i] == kRight[i];
      answers += right[i];
    }
    questions += (right[0] && right[1]) + (right[2] && right[3]);
    images += (right[0] && right[2]) + (right[1] && right[3]);
    groups += right[0] && right[1] && right[2] && right[3];
  }
  const auto n = static_cast<int64_t>(examples.size());
  return {grouped_score("Acc", answers, 4 * n, 50.0, level),
          grouped_score("Q_Acc", questions, 2 * n, 25.0, level),
          grouped_score("I_Acc", images, 2 * n, 25.0, level),
          grouped_score("G_Acc", groups, n, 6.25, level)};
}

}  // namespace physprobe

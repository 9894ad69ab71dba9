#include "physprobe/eval/minimal_pairs/mvp_rows.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

namespace physprobe {
namespace {

const char* letter(int answer) {
  return answer == 0 ? "A" : answer == 1 ? "B" : "none";
}

/// Question and candidates from the prompt: "Question: <q>\nOption:\n(A) <c0>\n(B) <c1> \n…".
void read_prompt(const std::string& prompt, PairItem& item) {
  constexpr std::string_view kQuestion = "Question: ";
  constexpr std::string_view kFirst = "\nOption:\n(A) ";
  constexpr std::string_view kSecond = "\n(B) ";
  const std::size_t question = prompt.find(kQuestion);
  const std::size_t first = prompt.find(kFirst);
  const std::size_t second = first == std::string::npos ? first : prompt.find(kSecond, first);
  if (question == std::string::npos || second == std::string::npos) return;
  const std::size_t start = first + kFirst.size();
  const std::size_t last = second + kSecond.size();
  std::string other = prompt.substr(last, prompt.find('\n', last) - last);
  if (!other.empty() && other.back() == ' ') other.pop_back();
  item.question = prompt.substr(question + kQuestion.size(), first - question - kQuestion.size());
  item.candidates = {prompt.substr(start, second - start), other};
}

/// What the row itself says about the item; `annotation` fills the gaps and is checked against.
class HarnessItem {
 public:
  HarnessItem(HarnessRow& row, const ReportDefect& report, PairItem& item)
      : row_(row), report_(report), item_(item) {}

  bool read(const Annotations* annotations) {
    if (!row_.pair.is_object && !row_.single.is_object) {
      std::string keys;
      for (const std::string& key : row_.keys) keys += (keys.empty() ? "" : ", ") + key;
      report_("log of another benchmark", "",
              "has neither a pair_accuracy nor a single_accuracy object; found: " + keys);
      return false;
    }
    item_.id = !row_.pair.video_id.empty()     ? row_.pair.video_id
               : !row_.single.video_id.empty() ? row_.single.video_id
                                               : row_.doc.video_id;
    if (item_.id.empty()) {
      report_("missing key", "", "no video_id in pair_accuracy, single_accuracy or doc");
      return false;
    }
    item_.pair = pair_stem(item_.id);
    const Annotation* annotation = annotations == nullptr ? nullptr : annotations->find(item_.id);
    if (annotations != nullptr && annotation == nullptr)
      report_("no annotation", item_.id, "the annotations have no record of this id");
    describe(annotation);
    return find_label(annotation) && judge();
  }

 private:
  void describe(const Annotation* annotation) {
    if (annotation != nullptr) {
      item_.question = annotation->question;
      item_.candidates = annotation->candidates;
      item_.source = annotation->source;
      item_.cluster = annotation->cluster;
    } else {
      read_prompt(row_.input, item_);
      if (!row_.doc.question.empty()) item_.question = std::move(row_.doc.question);
      item_.source = std::move(row_.doc.source);
      read_candidates();
    }
    if (item_.source.empty()) item_.source = source_of_path(row_.media_path);
    if (item_.source.empty()) item_.source = source_of_path(row_.doc.video_path);
  }

  void read_candidates() {
    const std::vector<std::string>& given =
        !row_.pair.candidates.empty() ? row_.pair.candidates : row_.doc.candidates;
    if (given.empty() && row_.doc.candidates_text.empty()) return;
    try {
      item_.candidates = two_candidates(given, row_.doc.candidates_text);
    } catch (const Error& error) {
      report_("malformed candidates", item_.id, error.what());
    }
  }

  bool find_label(const Annotation* annotation) {
    const std::optional<int> recorded = row_.pair.answer ? row_.pair.answer : row_.single.answer;
    const std::string target = row_.target.value_or(row_.doc.answer);
    const bool knows_candidates = !item_.candidates[0].empty() || !item_.candidates[1].empty();
    const int of_target =
        knows_candidates && !target.empty() ? candidate_index(item_.candidates, target) : kUnparsed;
    if (knows_candidates && !target.empty() && of_target == kUnparsed) {
      report_("answer not among the candidates", item_.id,
              fmt::format("the right answer '{}' is neither '{}' nor '{}'", target,
                          item_.candidates[0], item_.candidates[1]));
    }
    if (annotation != nullptr) {
      item_.label = annotation->label;
    } else {
      item_.label = recorded.value_or(of_target);
    }
    if (item_.label == kUnparsed) {
      report_("missing key", item_.id,
              "no answer_idx, and no target among the candidates: the right answer is unknown");
      return false;
    }
    for (const auto& [name, value] :
         {std::pair{"answer_idx of the log", recorded.value_or(kUnparsed)},
          std::pair{"target of the log", of_target}}) {
      if (value != kUnparsed && value != item_.label) {
        report_("disagreement", item_.id,
                fmt::format("the {} says {}, {} says {}; the latter is used", name, letter(value),
                            annotation != nullptr ? "the annotation" : "its answer_idx",
                            letter(item_.label)));
      }
    }
    return true;
  }

  bool judge() {
    const HarnessMetric& metric = row_.pair.is_object ? row_.pair : row_.single;
    const std::optional<std::string>& response = row_.response        ? row_.response
                                                 : row_.pair.response ? row_.pair.response
                                                                      : row_.single.response;
    if (response) {
      judge_response(*response, item_);
    } else if (metric.prediction) {
      const Verdict verdict{*metric.prediction, *metric.prediction == item_.label};
      item_.verdicts = {verdict, verdict};
    } else if (metric.rating) {
      // Only that it was right or wrong is known; the answer follows from it.
      const int answer = *metric.rating == 1 ? item_.label : 1 - item_.label;
      item_.verdicts = {Verdict{answer, *metric.rating == 1}, Verdict{answer, *metric.rating == 1}};
    } else {
      report_("missing key", item_.id, "no response, prediction_idx or rating");
      return false;
    }
    cross_check(metric, response.has_value());
    return true;
  }

  void cross_check(const HarnessMetric& metric, bool has_response) {
    const Verdict& strict = item_.verdict(AnswerRule::kStrict);
    if (has_response && metric.prediction && *metric.prediction != strict.prediction) {
      report_("disagreement", item_.id,
              fmt::format("the log records the answer {}, its response says {} by the benchmark's "
                          "rule; the response is used",
                          letter(*metric.prediction), letter(strict.prediction)));
    }
    if (metric.rating && (*metric.rating == 1) != strict.is_right) {
      report_("disagreement", item_.id,
              fmt::format("the log records the rating {}, the answer {} against {} gives {}; the "
                          "latter is used",
                          *metric.rating, letter(strict.prediction), letter(item_.label),
                          strict.is_right ? 1 : 0));
    }
    if (row_.pair.is_object && row_.single.is_object && row_.pair.rating && row_.single.rating &&
        *row_.pair.rating != *row_.single.rating) {
      report_("disagreement", item_.id,
              fmt::format("pair_accuracy records the rating {}, single_accuracy {}",
                          *row_.pair.rating, *row_.single.rating));
    }
  }

  HarnessRow& row_;
  const ReportDefect& report_;
  PairItem& item_;
};

}  // namespace

std::string shown_response(const std::string& text) {
  if (text.size() <= kShownResponseBytes) return text;
  std::size_t end = kShownResponseBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

std::string pair_stem(const std::string& id) {
  const std::size_t last = id.rfind('_');
  return last == std::string::npos ? "" : id.substr(0, last);
}

void judge_response(const std::string& response, PairItem& item) {
  const int strict = parse_mvp_answer(response);
  const int robust = parse_robust_answer(response, item.candidates);
  item.verdicts = {Verdict{strict, strict != kUnparsed && strict == item.label},
                   Verdict{robust, robust != kUnparsed && robust == item.label}};
  item.response = shown_response(response);
}

bool item_of_harness_row(HarnessRow& row,
                         const Annotations* annotations,
                         const ReportDefect& report,
                         PairItem& item) {
  return HarnessItem(row, report, item).read(annotations);
}

bool item_of_submission(const std::string& id,
                        const std::string& answer,
                        const Annotations* annotations,
                        const ReportDefect& report,
                        PairItem& item) {
  const Annotation* annotation = annotations == nullptr ? nullptr : annotations->find(id);
  if (annotation == nullptr) {
    report("no annotation", id,
           annotations == nullptr
               ? "a submission holds no right answers; give the benchmark's with --annotations"
               : "the annotations have no record of this id");
    return false;
  }
  item.id = id;
  item.pair = pair_stem(id);
  item.question = annotation->question;
  item.candidates = annotation->candidates;
  item.source = annotation->source;
  item.cluster = annotation->cluster;
  item.label = annotation->label;
  item.response = shown_response(answer);
  const int index = candidate_index(annotation->candidates, answer);
  if (index == kUnparsed) {
    report("answer not among the candidates", id,
           fmt::format("'{}' is neither '{}' nor '{}'; it counts as wrong", answer,
                       annotation->candidates[0], annotation->candidates[1]));
  }
  const Verdict verdict{index, index != kUnparsed && index == item.label};
  item.verdicts = {verdict, verdict};
  return true;
}

}  // namespace physprobe

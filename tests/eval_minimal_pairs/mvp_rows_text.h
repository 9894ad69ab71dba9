#pragma once
// Rows of harness logs as text, for tests that need logs of their own.

#include <fmt/format.h>

#include <string>

namespace physprobe::testing {

/// A row of the current port: response, recorded prediction ("\"0\"", "\"1\"", "false"), right
/// answer and rating.
inline std::string mvp_row(const std::string& id,
                           const std::string& response,
                           const std::string& prediction,
                           int answer,
                           int rating) {
  const std::string metric =
      fmt::format(R"({{"video_id": "{}", "prediction_idx": {}, "answer_idx": "{}", "rating": {}}})",
                  id, prediction, answer, rating);
  return fmt::format(
      R"({{"doc_id": 0, "target": "{}", "filtered_resps": "{}", "input": "Question: q\nOption:\n(A) yes\n(B) no \nx", "pair_accuracy": {}, "single_accuracy": {}}})",
      answer == 0 ? "yes" : "no", response, metric, metric);
}

/// Two members of a pair, both answered rightly or wrongly as told.
inline std::string mvp_pair(const std::string& pair, bool first_right, bool second_right) {
  const auto row = [&](int member, bool is_right) {
    const int answer = member - 1;
    const int said = is_right ? answer : 1 - answer;
    return mvp_row(pair + "_" + std::to_string(member), said == 0 ? "A" : "B",
                   said == 0 ? "\"0\"" : "\"1\"", answer, is_right ? 1 : 0) +
           "\n";
  };
  return row(1, first_right) + row(2, second_right);
}

}  // namespace physprobe::testing

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/eval/minimal_pairs/grouped_scores.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/minimal_pairs/score_pair_table.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

Json grouped_document(const std::string& path,
                      const std::string& protocol,
                      const std::vector<GroupedScore>& scores,
                      const ModelProblems& problems) {
  const std::string model = std::filesystem::path(path).stem().string();
  Json flat = Json::array();
  for (const GroupedScore& score : scores) {
    flat.push_back(Json{{"name", score.name},
                        {"protocol", protocol},
                        {"model", model},
                        {"task", ""},
                        {"source", ""},
                        {"value", score.value},
                        {"unit", "%"},
                        {"n", score.n},
                        {"interval", pair_interval_json(score.interval)},
                        {"higher_is", "better"},
                        {"chance", score.chance}});
  }
  std::vector<PairProblem> list;
  for (const auto& [name, problem] : problems) list.push_back(problem);
  return Json{{"schema", 1},
              {"name", model},
              {"protocol", protocol},
              {"scores", flat},
              {"problems", problems_json(list)}};
}

void add_problem(ModelProblems& problems,
                 const char* kind,
                 const std::string& path,
                 int64_t line,
                 const std::string& id,
                 const std::string& text) {
  problems.emplace_back(std::filesystem::path(path).stem().string(),
                        PairProblem{kind, path, line, id, text});
}

std::vector<CaptionVisualScores> winoground_array(const std::string& path) {
  const auto tensors = read_safetensors(path);
  if (tensors.size() != 1 || tensors.begin()->second.dim() != 3 ||
      tensors.begin()->second.size(1) != 2 || tensors.begin()->second.size(2) != 2) {
    throw Error(ErrorKind::kInput, path,
                "expected one array of shape (examples, 2 captions, 2 visuals)");
  }
  const at::Tensor scores = tensors.begin()->second.to(at::kDouble).contiguous();
  const double* data = scores.data_ptr<double>();
  std::vector<CaptionVisualScores> examples;
  for (int64_t i = 0; i < scores.size(0); ++i, data += 4)
    examples.push_back({{{data[0], data[1]}, {data[2], data[3]}}});
  return examples;
}

std::vector<CaptionVisualScores> winoground_table(const std::string& path,
                                                  ModelProblems& problems) {
  const std::vector<CsvRow> rows = parse_csv(read_file(path), path);
  const std::array<std::string, 4> wanted = {"s00", "s01", "s10", "s11"};
  std::array<std::size_t, 4> columns{};
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    const auto& heading = rows.empty() ? std::vector<std::string>() : rows.front().fields;
    const auto found = std::find(heading.begin(), heading.end(), wanted[c]);
    if (found == heading.end()) {
      throw Error(
          ErrorKind::kInput, path,
          "lacks the column '" + wanted[c] + "'; expected s00, s01, s10, s11 (s<caption><visual>)");
    }
    columns[c] = static_cast<std::size_t>(found - heading.begin());
  }
  std::vector<CaptionVisualScores> examples;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    std::array<double, 4> values{};
    bool is_sound = rows[r].fields.size() == rows.front().fields.size();
    for (std::size_t c = 0; c < 4 && is_sound; ++c) {
      const std::string& text = rows[r].fields[columns[c]];
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), values[c]);
      is_sound = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
                 std::isfinite(values[c]);
    }
    if (!is_sound) {
      add_problem(problems, "score is no number", path, rows[r].line, "",
                  "expected four finite scores; the example counts as wrong");
      values = {0.0, 0.0, 0.0, 0.0};  // a tie is wrong
    }
    examples.push_back({{{values[0], values[1]}, {values[2], values[3]}}});
  }
  return examples;
}

/// Splits "<n>_<rest>" at the first underscore.
std::pair<std::string, std::string> split_id(const std::string& id) {
  const std::size_t underscore = id.find('_');
  if (underscore == std::string::npos) return {id, ""};
  return {id.substr(0, underscore), id.substr(underscore + 1)};
}

std::vector<AnswerRow> rows_of(const std::string& path,
                               const AnswerTableOptions& table,
                               ModelProblems& problems) {
  std::vector<PairProblem> found;
  std::vector<AnswerRow> rows = read_answer_table(path, table, found);
  for (const PairProblem& problem : found)
    add_problem(problems, problem.kind.c_str(), path, problem.line, problem.id, problem.text);
  return rows;
}

}  // namespace

nlohmann::ordered_json score_winoground(const std::string& path,
                                        double level,
                                        ModelProblems& problems) {
  const bool is_array = std::filesystem::path(path).extension() == ".safetensors";
  const auto examples = is_array ? winoground_array(path) : winoground_table(path, problems);
  return grouped_document(path, "pairs/winoground-1", winoground_scores(examples, level), problems);
}

nlohmann::ordered_json score_vinoground(const std::string& path,
                                        const AnswerTableOptions& table,
                                        double level,
                                        ModelProblems& problems) {
  std::map<std::string, VinogroundExample> examples;
  std::map<std::string, int> seen;
  for (const AnswerRow& row : rows_of(path, table, problems)) {
    const auto [example, kind] = split_id(row.id);
    const bool is_positive = kind.rfind("pos_", 0) == 0;
    const std::string what = kind.size() > 4 ? kind.substr(4) : "";
    if ((!is_positive && kind.rfind("neg_", 0) != 0) || (what != "text" && what != "video")) {
      add_problem(problems, "malformed id", path, row.line, row.id,
                  "expected <n>_pos_text, <n>_neg_text, <n>_pos_video or <n>_neg_video");
      continue;
    }
    const int label = answer_index(row.label, row.candidates);
    if (label == kUnparsed || !row.prediction) {
      add_problem(problems, "missing key", path, row.line, row.id,
                  "has no prediction, or no right answer (A or B); counts as wrong");
      continue;
    }
    if (++seen[row.id] > 1) {
      add_problem(problems, "duplicate", path, row.line, row.id,
                  "is there more than once; all must be right");
    }
    const bool is_right = parse_first_letter_answer(*row.prediction) == label;
    VinogroundExample& target = examples[example];
    bool& rating = (what == "text" ? target.text : target.video)[is_positive ? 0 : 1];
    rating = is_right && (seen[row.id] == 1 || rating);
  }
  if (static_cast<int64_t>(examples.size()) > kVinogroundExamples) {
    throw Error(
        ErrorKind::kInput, path,
        fmt::format("holds {} examples; Vinoground has {}", examples.size(), kVinogroundExamples));
  }
  std::vector<VinogroundExample> list;
  for (const auto& [name, example] : examples) list.push_back(example);
  Json document =
      grouped_document(path, "pairs/vinoground-1", vinoground_scores(list, level), problems);
  document["answered_examples"] = list.size();
  return document;
}

nlohmann::ordered_json score_naturalbench(const std::string& path,
                                          const AnswerTableOptions& table,
                                          double level,
                                          ModelProblems& problems) {
  static const std::map<std::string, std::size_t> kPlaces = {
      {"q0i0", 0}, {"q0i1", 1}, {"q1i0", 2}, {"q1i1", 3}};
  std::map<std::string, NaturalBenchAnswers> examples;
  std::map<std::string, int> seen;
  for (const AnswerRow& row : rows_of(path, table, problems)) {
    const auto [example, where] = split_id(row.id);
    const auto place = kPlaces.find(where);
    if (place == kPlaces.end()) {
      add_problem(problems, "malformed id", path, row.line, row.id,
                  "expected <n>_q0i0, <n>_q0i1, <n>_q1i0 or <n>_q1i1");
      continue;
    }
    if (++seen[row.id] > 1)
      add_problem(problems, "duplicate", path, row.line, row.id,
                  "is there more than once; the last counts");
    const auto entry = examples.emplace(example, NaturalBenchAnswers{-1, -1, -1, -1}).first;
    const std::string prediction = row.prediction.value_or("");
    int answer = kUnparsed;
    if (prediction == "0" || prediction == "1") {
      answer = prediction == "1" ? 1 : 0;
    } else {
      answer = row.task == "multiple_choice" ? parse_multiple_choice_answer(prediction)
                                             : parse_yes_no_answer(prediction);
    }
    entry->second[place->second] = answer;
  }
  std::vector<NaturalBenchAnswers> list;
  for (const auto& [name, answers] : examples) {
    for (const auto& [where, place] : kPlaces) {
      if (seen[name + "_" + where] == 0)
        add_problem(problems, "no partner", path, 0, name + "_" + where,
                    "is missing; counts as wrong");
    }
    list.push_back(answers);
  }
  return grouped_document(path, "pairs/naturalbench-1", naturalbench_scores(list, level), problems);
}

}  // namespace physprobe

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/eval/minimal_pairs/grouped_run.h"
#include "physprobe/eval/minimal_pairs/grouped_scores.h"
#include "physprobe/eval/minimal_pairs/harness_answers.h"
#include "physprobe/eval/minimal_pairs/pair_table_runs.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

GroupedRun run_of(const std::string& given) {
  const auto [name, path] = named_table(given);
  GroupedRun run;
  run.model = name;
  run.files = {path};
  return run;
}

void add_problem(
    GroupedRun& run, const char* kind, int64_t line, const std::string& id, const char* text) {
  run.problems.push_back({kind, run.files.front(), line, id, text});
}

GroupedExample winoground_example(const std::string& id, const CaptionVisualScores& s) {
  GroupedExample example{"", id, winoground_right(s), {}, ""};
  for (std::size_t caption = 0; caption < 2; ++caption) {
    for (std::size_t visual = 0; visual < 2; ++visual)
      example.given.emplace_back(fmt::format("s{}{}", caption, visual),
                                 fmt::format("{}", s[caption][visual]));
  }
  return example;
}

void read_winoground_array(GroupedRun& run) {
  const std::string& path = run.files.front();
  const auto tensors = read_safetensors(path);
  if (tensors.size() != 1 || tensors.begin()->second.dim() != 3 ||
      tensors.begin()->second.size(1) != 2 || tensors.begin()->second.size(2) != 2) {
    throw Error(ErrorKind::kInput, path,
                "expected one array of shape (examples, 2 captions, 2 visuals)");
  }
  const at::Tensor scores = tensors.begin()->second.to(at::kDouble).contiguous();
  const double* data = scores.data_ptr<double>();
  for (int64_t i = 0; i < scores.size(0); ++i, data += 4)
    run.examples.push_back(
        winoground_example(fmt::format("{}", i), {{{data[0], data[1]}, {data[2], data[3]}}}));
}

void read_winoground_table(GroupedRun& run) {
  const std::string& path = run.files.front();
  const std::vector<CsvRow> rows = parse_csv(read_file(path), path);
  const std::vector<std::string> heading =
      rows.empty() ? std::vector<std::string>() : rows.front().fields;
  const auto column_of = [&](const char* name) {
    const auto found = std::find(heading.begin(), heading.end(), name);
    return static_cast<std::size_t>(found - heading.begin());
  };
  const std::array<const char*, 4> wanted = {"s00", "s01", "s10", "s11"};
  std::array<std::size_t, 4> columns{};
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    columns[c] = column_of(wanted[c]);
    if (columns[c] == heading.size()) {
      throw Error(ErrorKind::kInput, path,
                  fmt::format("lacks the column '{}'; expected s00, s01, s10, s11 "
                              "(s<caption><visual>)",
                              wanted[c]));
    }
  }
  const std::size_t id_column = column_of("id");
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const std::vector<std::string>& fields = rows[r].fields;
    const bool is_whole = fields.size() == heading.size();
    const std::string id =
        is_whole && id_column < heading.size() ? fields[id_column] : fmt::format("{}", r - 1);
    std::array<double, 4> values{};
    bool is_sound = is_whole;
    for (std::size_t c = 0; c < 4 && is_sound; ++c) {
      const std::string& text = fields[columns[c]];
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), values[c]);
      is_sound = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
                 std::isfinite(values[c]);
    }
    if (!is_sound) {
      add_problem(run, "score is no number", rows[r].line, id,
                  "expected four finite scores; the example counts as wrong");
      values = {0.0, 0.0, 0.0, 0.0};  // a tie is wrong
    }
    run.examples.push_back(
        winoground_example(id, {{{values[0], values[1]}, {values[2], values[3]}}}));
  }
}

/// Splits "<n>_<rest>" at the first underscore.
std::pair<std::string, std::string> split_id(const std::string& id) {
  const std::size_t underscore = id.find('_');
  if (underscore == std::string::npos) return {id, ""};
  return {id.substr(0, underscore), id.substr(underscore + 1)};
}

/// Right answers by id, from the benchmark's textscore and videoscore files.
std::map<std::string, std::string> vinoground_answers(const std::vector<std::string>& files) {
  std::map<std::string, std::string> answers;
  for (const std::string& file : files) {
    const std::string name = fs::path(file).filename().string();
    const bool is_text = name.find("text") != std::string::npos;
    if (!is_text && name.find("video") == std::string::npos) {
      throw Error(ErrorKind::kInput, file,
                  "its name says neither 'text' nor 'video'; expected the benchmark's "
                  "vinoground_textscore.json and vinoground_videoscore.json");
    }
    const nlohmann::json entries = read_json(file);
    if (!entries.is_array()) throw Error(ErrorKind::kInput, file, "expected a list of {idx, GT}");
    for (const nlohmann::json& entry : entries) {
      if (!entry.is_object() || !entry.contains("idx") || !entry.contains("GT") ||
          !entry.at("idx").is_string() || !entry.at("GT").is_string())
        throw Error(ErrorKind::kInput, file, "an entry lacks idx or GT, or they are no texts");
      answers[entry.at("idx").get<std::string>() + (is_text ? "_text" : "_video")] =
          entry.at("GT").get<std::string>();
    }
  }
  return answers;
}

std::vector<AnswerRow> vinoground_rows(GroupedRun& run, const GroupedSource& source) {
  const std::string& path = run.files.front();
  const auto answers = vinoground_answers(source.annotations);
  if (!is_harness_log(path)) {
    std::vector<AnswerRow> rows = read_answer_table(path, source.table, run.problems);
    for (AnswerRow& row : rows) {
      const auto found = answers.find(row.id);
      if (row.label.empty() && found != answers.end()) row.label = found->second;
    }
    return rows;
  }
  if (answers.empty()) {
    throw Error(ErrorKind::kInput, path,
                "is a sample log, which does not hold the right answers; name the benchmark's "
                "files with --annotations vinoground_textscore.json vinoground_videoscore.json");
  }
  return read_harness_answers(
      path,
      [&](const nlohmann::json& record, AnswerRow& row) -> std::string {
        const auto metric = record.find("vinoground_score");
        if (metric != record.end() && metric->contains("question_type")) {
          row.id = metric->at("index").get<std::string>() + "_" +
                   metric->at("question_type").get<std::string>();
        } else if (record.contains("doc") && record.at("doc").contains("index")) {
          row.id = record.at("doc").at("index").get<std::string>();
        } else {
          return "has neither vinoground_score nor doc.index";
        }
        const auto found = answers.find(row.id);
        if (found != answers.end()) row.label = found->second;
        return "";
      },
      run.problems);
}

std::vector<AnswerRow> naturalbench_rows(GroupedRun& run, const GroupedSource& source) {
  const std::string& path = run.files.front();
  if (!is_harness_log(path)) return read_answer_table(path, source.table, run.problems);
  return read_harness_answers(
      path,
      [](const nlohmann::json& record, AnswerRow& row) -> std::string {
        static const char* const kPlaces[] = {"q0i0", "q0i1", "q1i0", "q1i1"};
        const nlohmann::json doc = record.value("doc", nlohmann::json::object());
        const auto metric = record.find("naturalbench_Acc");
        const nlohmann::json index = doc.contains("Index")    ? doc.at("Index")
                                     : metric != record.end() ? metric->at("id")
                                                              : nlohmann::json();
        int64_t number = -1;
        if (index.is_number_integer()) {
          number = index.get<int64_t>();
        } else if (index.is_string()) {
          const auto& text = index.get_ref<const std::string&>();
          std::from_chars(text.data(), text.data() + text.size(), number);
        }
        if (number < 0) return "has neither doc.Index nor naturalbench_Acc.id";
        row.id = fmt::format("{}_{}", number / 4, kPlaces[number % 4]);
        if (doc.contains("Question_Type")) {
          row.task = doc.at("Question_Type").get<std::string>();
        } else if (metric != record.end()) {
          // Without the document the kind of question is unknown: what the harness read counts.
          const auto score = static_cast<int>(metric->at("score").get<double>());
          row.prediction = score == 1 ? "1" : score == 0 ? "0" : "";
        }
        return "";
      },
      run.problems);
}

/// By number where ids are numbers, so that example 10 follows 9.
void sort_examples(std::vector<GroupedExample>& examples) {
  const auto number = [](const std::string& id) {
    int64_t value = -1;
    const auto parsed = std::from_chars(id.data(), id.data() + id.size(), value);
    return parsed.ptr == id.data() + id.size() ? value : int64_t{-1};
  };
  std::stable_sort(examples.begin(), examples.end(),
                   [&](const GroupedExample& a, const GroupedExample& b) {
                     const int64_t of_a = number(a.id);
                     const int64_t of_b = number(b.id);
                     return of_a != of_b ? of_a < of_b : a.id < b.id;
                   });
}

}  // namespace

GroupedRun read_winoground(const std::string& given, const GroupedSource& /*source*/) {
  GroupedRun run = run_of(given);
  if (fs::path(run.files.front()).extension() == ".safetensors") {
    read_winoground_array(run);
  } else {
    read_winoground_table(run);
  }
  return run;
}

GroupedRun read_vinoground(const std::string& given, const GroupedSource& source) {
  GroupedRun run = run_of(given);
  std::map<std::string, VinogroundExample> ratings;
  std::map<std::string, GroupedExample> examples;
  std::map<std::string, int> seen;
  for (const AnswerRow& row : vinoground_rows(run, source)) {
    const auto [name, kind] = split_id(row.id);
    const bool is_positive = kind.rfind("pos_", 0) == 0;
    const std::string what = kind.size() > 4 ? kind.substr(4) : "";
    if ((!is_positive && kind.rfind("neg_", 0) != 0) || (what != "text" && what != "video")) {
      add_problem(run, "malformed id", row.line, row.id,
                  "expected <n>_pos_text, <n>_neg_text, <n>_pos_video or <n>_neg_video");
      continue;
    }
    GroupedExample& example = examples[name];
    example.id = name;
    example.given.emplace_back(kind, row.prediction.value_or(""));
    const int label = answer_index(row.label, row.candidates);
    if (label == kUnparsed || !row.prediction) {
      add_problem(run, "missing key", row.line, row.id,
                  "has no prediction, or no right answer (A or B); counts as wrong");
      continue;
    }
    if (++seen[row.id] > 1) {
      add_problem(run, "duplicate", row.line, row.id, "is there more than once; all must be right");
    }
    const bool is_right = parse_first_letter_answer(*row.prediction) == label;
    VinogroundExample& target = ratings[name];
    bool& rating = (what == "text" ? target.text : target.video)[is_positive ? 0 : 1];
    rating = is_right && (seen[row.id] == 1 || rating);
  }
  const int64_t most = vinoground_protocol().examples;
  if (static_cast<int64_t>(examples.size()) > most) {
    throw Error(ErrorKind::kInput, run.files.front(),
                fmt::format("holds {} examples; Vinoground has {}", examples.size(), most));
  }
  for (auto& [name, example] : examples) {
    example.right = vinoground_right(ratings[name]);
    run.examples.push_back(std::move(example));
  }
  sort_examples(run.examples);
  return run;
}

GroupedRun read_naturalbench(const std::string& given, const GroupedSource& source) {
  static const std::map<std::string, std::size_t> kPlaces = {
      {"q0i0", 0}, {"q0i1", 1}, {"q1i0", 2}, {"q1i1", 3}};
  GroupedRun run = run_of(given);
  std::map<std::string, NaturalBenchAnswers> answers;
  std::map<std::string, std::map<std::string, std::string>> texts;
  for (const AnswerRow& row : naturalbench_rows(run, source)) {
    const auto [name, where] = split_id(row.id);
    const auto place = kPlaces.find(where);
    if (place == kPlaces.end()) {
      add_problem(run, "malformed id", row.line, row.id,
                  "expected <n>_q0i0, <n>_q0i1, <n>_q1i0 or <n>_q1i1");
      continue;
    }
    const std::string prediction = row.prediction.value_or("");
    if (!texts[name].emplace(where, prediction).second) {
      add_problem(run, "duplicate", row.line, row.id, "is there more than once; the last counts");
      texts[name][where] = prediction;
    }
    int answer = kUnparsed;
    if (prediction == "0" || prediction == "1") {
      answer = prediction == "1" ? 1 : 0;
    } else {
      answer = row.task == "multiple_choice" ? parse_multiple_choice_answer(prediction)
                                             : parse_yes_no_answer(prediction);
    }
    answers.emplace(name, NaturalBenchAnswers{-1, -1, -1, -1}).first->second[place->second] =
        answer;
  }
  for (const auto& [name, given_answers] : answers) {
    GroupedExample example{"", name, naturalbench_right(given_answers), {}, ""};
    for (const auto& [where, place] : kPlaces) {
      const auto found = texts[name].find(where);
      if (found == texts[name].end()) {
        add_problem(run, "no partner", 0, fmt::format("{}_{}", name, where),
                    "is missing; counts as wrong");
      }
      example.given.emplace_back(where, found == texts[name].end() ? "" : found->second);
    }
    run.examples.push_back(std::move(example));
  }
  sort_examples(run.examples);
  return run;
}

}  // namespace physprobe

#include "physprobe/eval/minimal_pairs/answer_table.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/eval/minimal_pairs/annotations.h"
#include "physprobe/eval/minimal_pairs/text_lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>

namespace physprobe {
namespace {

using Cells = std::map<std::string, std::string>;  // by the file's column names

const std::map<std::string, std::vector<std::string>>& known_names() {
  static const std::map<std::string, std::vector<std::string>> names = {
      {"id", {"id", "video_id", "row_id", "index"}},
      {"pair", {"pair"}},
      {"task", {"task", "property"}},
      {"source", {"source", "group"}},
      {"question", {"question"}},
      {"candidates", {"candidates"}},
      {"A", {"A"}},
      {"B", {"B"}},
      {"label", {"label", "answer"}},
      {"prediction", {"prediction", "response", "model_answer"}},
      {"score", {"score", "surprise"}}};
  return names;
}

std::string scalar_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  if (value.is_array()) {  // candidates as a list, written as the literal that is read below
    std::string text = "[";
    for (const nlohmann::json& entry : value) text += entry.dump() + ", ";
    return text + "]";
  }
  return value.dump();
}

class TableReader {
 public:
  TableReader(std::string path,
              const AnswerTableOptions& options,
              std::vector<PairProblem>& problems)
      : path_(std::move(path)), options_(options), problems_(problems) {
    std::vector<std::string> ours;
    for (const auto& [name, others] : known_names()) ours.push_back(name);
    for (const auto& [name, theirs] : options.columns) {
      if (known_names().count(name) == 0) {
        throw Error(ErrorKind::kUsage, "--columns",
                    fmt::format("'{}' is no column of ours{}", name, did_you_mean(name, ours)));
      }
    }
  }

  std::vector<AnswerRow> read() {
    const std::string text = read_file(path_);
    if (std::filesystem::path(path_).extension() == ".csv") {
      read_csv(text);
    } else {
      read_lines(text);
    }
    return std::move(rows_);
  }

 private:
  void problem(const char* kind, int64_t line, const std::string& id, const std::string& what) {
    problems_.push_back({kind, path_, line, id, what});
  }

  void read_csv(const std::string& text) {
    const std::vector<CsvRow> rows = parse_csv(text, path_);
    if (rows.empty()) throw Error(ErrorKind::kInput, path_, "is empty; expected a heading");
    const std::vector<std::string>& heading = rows.front().fields;
    const std::set<std::string> names(heading.begin(), heading.end());
    require_columns(names);
    require_asked_columns(names);
    if (rows.size() == 1)
      throw Error(ErrorKind::kInput, path_, "holds a heading but no rows; expected a row an item");
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].fields.size() != heading.size()) {
        problem(
            "broken line", rows[i].line, "",
            fmt::format("has {} fields, the heading {}", rows[i].fields.size(), heading.size()));
        continue;
      }
      Cells cells;
      for (std::size_t c = 0; c < heading.size(); ++c) cells[heading[c]] = rows[i].fields[c];
      add(rows[i].line, cells);
    }
  }

  void read_lines(const std::string& text) {
    bool is_first = true;
    for (const LineBlock& block : line_blocks(text)) {
      for_each_line(block, [&](int64_t line, std::string_view content) {
        const nlohmann::json record =
            nlohmann::json::parse(content.begin(), content.end(), nullptr, false);
        if (!record.is_object()) {
          problem("broken line", line, "", "is no JSON object");
          return;
        }
        Cells cells;
        std::set<std::string> names;
        for (const auto& [key, value] : record.items()) {
          names.insert(key);
          if (!value.is_null()) cells[key] = scalar_text(value);
        }
        if (is_first) require_columns(names);
        is_first = false;
        add(line, cells);
      });
    }
    if (is_first && problems_.empty()) throw Error(ErrorKind::kInput, path_, "holds no rows");
  }

  bool has(const std::set<std::string>& names, const std::string& ours) const {
    const auto mapped = options_.columns.find(ours);
    if (mapped != options_.columns.end()) return names.count(mapped->second) > 0;
    const auto& aliases = known_names().at(ours);
    return std::any_of(aliases.begin(), aliases.end(),
                       [&](const std::string& name) { return names.count(name) > 0; });
  }

  [[noreturn]] void lacks(const char* ours, const std::set<std::string>& names) const {
    throw Error(ErrorKind::kInput, path_,
                fmt::format("lacks the column '{}'; found: {}. Name it with --columns {}=THEIRS",
                            ours, fmt::join(names, ", "), ours));
  }

  void require_columns(const std::set<std::string>& names) const {
    if (!has(names, "id")) lacks("id", names);
    if (options_.needs_answers && !has(names, "prediction") && !has(names, "score"))
      lacks("prediction", names);
  }

  /// Columns that the user named must be there. Rows of JSON lines may lack a key.
  void require_asked_columns(const std::set<std::string>& names) const {
    const std::vector<std::string> found(names.begin(), names.end());
    const auto require = [&](const std::string& flag, const std::string& name) {
      if (names.count(name) > 0) return;
      throw Error(ErrorKind::kUsage, flag,
                  fmt::format("'{}' is no column of {}{}", name, path_, did_you_mean(name, found)));
    };
    for (const auto& [ours, theirs] : options_.columns) require("--columns", theirs);
    if (!options_.needs_answers && !has(names, "label")) lacks("label", names);
    if (!options_.cluster_field.empty()) require("--cluster-by", options_.cluster_field);
    for (const std::string& name : options_.required) require("--by", name);
  }

  /// Null when the row has no such cell.
  const std::string* cell(const Cells& cells, const std::string& ours) const {
    const auto mapped = options_.columns.find(ours);
    if (mapped != options_.columns.end()) {
      const auto found = cells.find(mapped->second);
      return found == cells.end() ? nullptr : &found->second;
    }
    for (const std::string& name : known_names().at(ours)) {
      const auto found = cells.find(name);
      if (found != cells.end()) return &found->second;
    }
    return nullptr;
  }

  std::string text(const Cells& cells, const std::string& ours) const {
    const std::string* found = cell(cells, ours);
    return found == nullptr ? "" : *found;
  }

  void add(int64_t line, const Cells& cells) {
    AnswerRow row;
    row.file = path_;
    row.line = line;
    row.id = text(cells, "id");
    if (row.id.empty()) {
      problem("missing key", line, "", "has no id");
      return;
    }
    row.pair = text(cells, "pair");
    row.task = text(cells, "task");
    row.source = text(cells, "source");
    row.question = text(cells, "question");
    row.label = text(cells, "label");
    row.candidates = {text(cells, "A"), text(cells, "B")};
    const std::string literal = text(cells, "candidates");
    if (row.candidates[0].empty() && !literal.empty()) {
      try {
        row.candidates = two_candidates({}, literal);
      } catch (const Error& error) {
        problem("malformed candidates", line, row.id, error.what());
      }
    }
    if (!options_.cluster_field.empty()) {
      const auto found = cells.find(options_.cluster_field);
      if (found != cells.end()) row.cluster = found->second;
    }
    for (const std::string& name : options_.others) {
      const auto found = cells.find(name);
      if (found != cells.end() && !found->second.empty()) row.others.insert(*found);
    }
    if (const std::string* prediction = cell(cells, "prediction")) row.prediction = *prediction;
    if (const std::string* score = cell(cells, "score")) {
      double value = 0.0;
      const auto parsed = std::from_chars(score->data(), score->data() + score->size(), value);
      if (parsed.ec == std::errc() && parsed.ptr == score->data() + score->size() &&
          std::isfinite(value)) {
        row.score = value;
      } else {
        problem("score is no number", line, row.id, fmt::format("'{}'", *score));
        return;
      }
    }
    rows_.push_back(std::move(row));
  }

  std::string path_;
  const AnswerTableOptions& options_;
  std::vector<PairProblem>& problems_;
  std::vector<AnswerRow> rows_;
};

}  // namespace

std::vector<AnswerRow> read_answer_table(const std::string& path,
                                         const AnswerTableOptions& options,
                                         std::vector<PairProblem>& problems) {
  return TableReader(path, options, problems).read();
}

int answer_index(const std::string& text, const std::array<std::string, 2>& candidates) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return kUnparsed;
  const std::string trimmed = text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
  if (!candidates[0].empty() || !candidates[1].empty()) {
    const int index = candidate_index(candidates, trimmed);
    if (index != kUnparsed) return index;
  }
  std::string word = trimmed;
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* zero : {"a", "0", "false", "no", "impossible"}) {
    if (word == zero) return 0;
  }
  for (const char* one : {"b", "1", "true", "yes", "possible"}) {
    if (word == one) return 1;
  }
  return kUnparsed;
}

}  // namespace physprobe

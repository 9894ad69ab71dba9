#include "physprobe/eval/minimal_pairs/harness_answers.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/text_lines.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace physprobe {
namespace {

/// The first text in lists of lists, as `resps` and `filtered_resps` are.
const std::string* first_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get_ptr<const std::string*>();
  return value.is_array() && !value.empty() ? first_text(value.front()) : nullptr;
}

const std::string* response_of(const nlohmann::json& record) {
  for (const char* key : {"filtered_resps", "resps"}) {
    const auto found = record.find(key);
    if (found == record.end()) continue;
    if (const std::string* text = first_text(*found)) return text;
  }
  return nullptr;
}

}  // namespace

bool is_harness_log(const std::string& path) {
  if (std::filesystem::path(path).extension() != ".jsonl") return false;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line) && line.find_first_not_of(" \t\r") == std::string::npos) {
  }
  const nlohmann::json record = nlohmann::json::parse(line, nullptr, false);
  return record.is_object() && (record.contains("filtered_resps") || record.contains("resps"));
}

std::vector<AnswerRow> read_harness_answers(const std::string& path,
                                            const DescribeAnswer& describe,
                                            std::vector<PairProblem>& problems) {
  const std::string text = read_file(path);
  std::vector<AnswerRow> rows;
  for (const LineBlock& block : line_blocks(text)) {
    for_each_line(block, [&](int64_t line, std::string_view content) {
      const auto problem = [&](const char* kind, const std::string& what) {
        problems.push_back({kind, path, line, "", what});
      };
      const nlohmann::json record =
          nlohmann::json::parse(content.begin(), content.end(), nullptr, false);
      if (!record.is_object()) {
        problem("broken line", "is no JSON object");
        return;
      }
      AnswerRow row;
      row.file = path;
      row.line = line;
      const std::string* response = response_of(record);
      if (response == nullptr) {
        problem("missing key", "has no response (filtered_resps, resps)");
        return;
      }
      row.prediction = *response;
      std::string defect;
      try {
        defect = describe(record, row);
      } catch (const nlohmann::json::exception& error) {
        defect = error.what();
      }
      if (!defect.empty()) {
        problem("missing key", defect);
        return;
      }
      rows.push_back(std::move(row));
    });
  }
  if (rows.empty() && problems.empty())
    throw Error(ErrorKind::kInput, path, "holds no rows; expected a sample log");
  return rows;
}

}  // namespace physprobe

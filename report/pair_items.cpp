#include "physprobe/report/pair_items.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;

/// Texts by number, each stored once.
class TextPool {
 public:
  std::size_t number_of(const Json& text) {
    const auto [place, is_new] = numbers_.emplace(text.dump(), texts_.size());
    if (is_new) texts_.push_back(text);
    return place->second;
  }
  const Json& texts() const { return texts_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  Json texts_ = Json::array();
};

/// A choice per text, where there are several; else the column may be left out.
void describe_pool(
    Json& columns, Json& choices, int column, const TextPool& pool, bool is_hidden_if_single) {
  if (pool.texts().size() < 2) {
    if (is_hidden_if_single) columns[static_cast<std::size_t>(column)]["isHidden"] = true;
    return;
  }
  for (std::size_t i = 0; i < pool.texts().size(); ++i)
    choices.push_back({{"name", pool.texts()[i]}, {"column", column}, {"is", i}});
}

int number_of(const Json& letter) {
  return letter == "A" ? 0 : letter == "B" ? 1 : -1;
}

}  // namespace

PairItemTable pair_item_table(const std::string& items_path, int64_t max_bytes) {
  PairItemTable table;
  TextPool models, tasks, sources, questions, first, second;
  Json rows = Json::array();
  int64_t bytes = 0;
  for_each_json_line(items_path, [&](int64_t line, const Json& item) {
    try {
      const std::string& response = item.at("response").get_ref<const std::string&>();
      const std::string& id = item.at("id").get_ref<const std::string&>();
      // Escaped text may be longer than it is here; a row's numbers take some forty bytes.
      bytes += static_cast<int64_t>(response.size() + id.size()) + 60;
      if (bytes > max_bytes) {
        ++table.left_out;
        return;
      }
      rows.push_back({models.number_of(item.at("model")), id, tasks.number_of(item.at("task")),
                      sources.number_of(item.at("source")),
                      questions.number_of(item.at("question")),
                      first.number_of(item.at("candidates").at(0)),
                      second.number_of(item.at("candidates").at(1)), response,
                      number_of(item.at("right_answer")), number_of(item.at("strict")),
                      number_of(item.at("robust"))});
    } catch (const Json::exception& error) {
      throw Error(ErrorKind::kInput, items_path, fmt::format("line {}: {}", line, error.what()));
    }
  });
  table.shown = static_cast<int64_t>(rows.size());
  constexpr int kModel = 0, kTask = 2, kRight = 8, kStrict = 9, kRobust = 10;
  const auto pooled = [](const char* name, const TextPool& pool, bool is_searched) {
    return Json{{"name", name}, {"pool", pool.texts()}, {"isSearched", is_searched}};
  };
  const auto letter = [](const char* name) { return Json{{"name", name}, {"letters", true}}; };
  Json columns = {pooled("model", models, false),
                  {{"name", "id"}, {"isId", true}, {"isSearched", true}},
                  pooled("task", tasks, false),
                  pooled("source", sources, true),
                  pooled("question", questions, true),
                  pooled("A", first, false),
                  pooled("B", second, false),
                  {{"name", "response"}, {"isSearched", true}},
                  letter("right"),
                  letter("strict"),
                  letter("robust")};
  columns[kStrict]["badUnlessColumn"] = kRight;
  columns[kRobust]["badUnlessColumn"] = kRight;
  Json choices = {{{"name", "wrong answers"}, {"column", kStrict}, {"differsFrom", kRight}},
                  {{"name", "right answers"}, {"column", kStrict}, {"equals", kRight}},
                  {{"name", "unparsed"}, {"column", kStrict}, {"below", 0}},
                  {{"name", "read differently by the robust rule"},
                   {"column", kStrict},
                   {"differsFrom", kRobust}}};
  describe_pool(columns, choices, kModel, models, true);
  describe_pool(columns, choices, kTask, tasks, false);
  table.json = script_json({{"columns", columns}, {"choices", choices}, {"rows", rows}});
  return table;
}

PairItemTable grouped_item_table(const std::string& items_path,
                                 const nlohmann::json& kinds,
                                 int64_t max_bytes) {
  PairItemTable table;
  TextPool models, tasks;
  std::vector<std::string> given;
  Json rows = Json::array();
  int64_t bytes = 0;
  for_each_json_line(items_path, [&](int64_t line, const Json& item) {
    try {
      Json row = {models.number_of(item.at("model")), item.at("id").get<std::string>(),
                  tasks.number_of(item.at("task"))};
      for (const Json& kind : kinds)
        row.push_back(item.at("right").at(kind.at("name").get<std::string>()).get<int>());
      for (const auto& [name, answer] : item.at("given").items()) {
        if (std::find(given.begin(), given.end(), name) == given.end()) given.push_back(name);
      }
      for (const std::string& name : given)
        row.push_back(item.at("given").value(name, std::string()));
      bytes += static_cast<int64_t>(row.dump().size());
      if (bytes > max_bytes) {
        ++table.left_out;
        return;
      }
      rows.push_back(std::move(row));
    } catch (const Json::exception& error) {
      throw Error(ErrorKind::kInput, items_path, fmt::format("line {}: {}", line, error.what()));
    }
  });
  constexpr int kModel = 0, kTask = 2, kFirstScore = 3;
  Json columns = {{{"name", "model"}, {"pool", models.texts()}, {"isSearched", true}},
                  {{"name", "id"}, {"isId", true}, {"isSearched", true}},
                  {{"name", "task"}, {"pool", tasks.texts()}, {"isSearched", true}}};
  Json choices = Json::array();
  int column = kFirstScore;
  for (const Json& kind : kinds) {
    const std::string name = kind.at("name");
    const Json& units = kind.at("units");
    columns.push_back({{"name", name}, {"outOf", units}});
    choices.push_back({{"name", name + " right"}, {"column", column}, {"is", units}});
    choices.push_back({{"name", name + " not right"}, {"column", column}, {"below", units}});
    ++column;
  }
  for (const std::string& name : given) columns.push_back({{"name", name}, {"isSearched", true}});
  describe_pool(columns, choices, kModel, models, true);
  describe_pool(columns, choices, kTask, tasks, true);
  // Rows read before an answer was first seen lack its cell.
  for (Json& row : rows) {
    while (row.size() < columns.size()) row.push_back("");
  }
  table.shown = static_cast<int64_t>(rows.size());
  table.json = script_json({{"columns", columns}, {"choices", choices}, {"rows", rows}});
  return table;
}

}  // namespace physprobe

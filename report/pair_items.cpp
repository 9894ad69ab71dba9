#include "physprobe/report/pair_items.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

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

int number_of(const Json& letter) {
  return letter == "A" ? 0 : letter == "B" ? 1 : -1;
}

}  // namespace

PairItemTable pair_item_table(const std::string& items_path, int64_t max_bytes) {
  PairItemTable table;
  TextPool models, tasks, sources, questions, candidates;
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
      rows.push_back({models.number_of(item.at("model")), tasks.number_of(item.at("task")), id,
                      sources.number_of(item.at("source")),
                      questions.number_of(item.at("question")),
                      candidates.number_of(item.at("candidates")), response,
                      number_of(item.at("right_answer")), number_of(item.at("strict")),
                      number_of(item.at("robust"))});
    } catch (const Json::exception& error) {
      throw Error(ErrorKind::kInput, items_path, fmt::format("line {}: {}", line, error.what()));
    }
  });
  table.shown = static_cast<int64_t>(rows.size());
  table.json = script_json({{"models", models.texts()},
                            {"tasks", tasks.texts()},
                            {"sources", sources.texts()},
                            {"questions", questions.texts()},
                            {"candidates", candidates.texts()},
                            {"rows", rows}});
  return table;
}

}  // namespace physprobe

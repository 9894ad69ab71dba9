#include "physprobe/eval/minimal_pairs/compare_pairs.h"

#include "physprobe/core/error.h"
#include "physprobe/eval/minimal_pairs/score_mvp.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Value and interval of an accuracy as another document holds it.
Json brief(const nlohmann::json& accuracy) {
  Json interval = Json::object();
  for (const char* key : {"low", "high", "level", "method"})
    interval[key] = Json::parse(accuracy.at("interval").at(key).dump());
  return Json{{"value", accuracy.at("value").get<double>()},
              {"n", accuracy.at("n").get<int64_t>()},
              {"interval", interval}};
}

Json published_value(const Json& value) {
  return value.is_number() ? Json{{"value", value}} : Json();
}

double pair_value(const Json& row) {
  const Json& accuracy = row.at("pair_accuracy");
  return accuracy.is_object() ? accuracy.at("value").get<double>() : -1.0;
}

std::string same_of_all(const std::vector<nlohmann::json>& results,
                        const std::vector<std::string>& names,
                        const char* what,
                        const std::function<std::string(const nlohmann::json&)>& of) {
  const std::string first = of(results.front());
  for (std::size_t i = 1; i < results.size(); ++i) {
    const std::string other = of(results[i]);
    if (other != first) {
      throw Error(ErrorKind::kIncompatible, names[i],
                  fmt::format("its {} is '{}', that of {} is '{}'; they are not comparable", what,
                              other, names.front(), first));
    }
  }
  return first;
}

std::string cell(const Json& accuracy) {
  if (!accuracy.is_object()) return "-";
  const std::string value = fmt::format("{:.2f}", accuracy.at("value").get<double>());
  if (!accuracy.contains("interval") || !accuracy["interval"].at("low").is_number()) return value;
  return fmt::format("{} [{:.2f}, {:.2f}]", value, accuracy["interval"]["low"].get<double>(),
                     accuracy["interval"]["high"].get<double>());
}

}  // namespace

nlohmann::ordered_json compare_pair_runs(const std::vector<nlohmann::json>& results,
                                         const std::vector<std::string>& names) {
  const auto provenance = [](const char* key) {
    return [key](const nlohmann::json& run) {
      return run.contains("provenance") ? run.at("provenance").value(key, std::string())
                                        : std::string();
    };
  };
  const std::string protocol =
      same_of_all(results, names, "protocol",
                  [](const nlohmann::json& run) { return run.at("protocol").get<std::string>(); });
  const std::string parser = same_of_all(results, names, "answer rule", provenance("parser"));
  const std::string incomplete =
      same_of_all(results, names, "rule for incomplete pairs", provenance("incomplete_pairs"));
  std::map<std::string, std::vector<Json>> subsets;
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (const nlohmann::json& model : results[i].at("models")) {
      std::vector<nlohmann::json> groups;
      if (model.contains("group")) groups.push_back(model.at("group"));
      if (model.contains("groups")) {
        for (const nlohmann::json& group : model.at("groups")) groups.push_back(group);
      }
      for (const nlohmann::json& group : groups) {
        const std::string subset = group.at("subset");
        Json tasks = Json::object();
        for (const auto& [task, scores] : model.at("tasks").items()) {
          // "mvp_mini_…" begins with "mvp_" too: the group decides, where there are several.
          if (groups.size() > 1 && (task.rfind("mvp_mini", 0) == 0) != (subset == "mvp_mini"))
            continue;
          tasks[task] = Json{{"pair_accuracy", brief(scores.at("pair_accuracy"))},
                             {"single_accuracy", brief(scores.at("single_accuracy"))}};
        }
        subsets[subset].push_back(Json{{"model", model.at("name").get<std::string>()},
                                       {"origin", names[i]},
                                       {"missing_tasks", group.at("missing_tasks").size()},
                                       {"pair_accuracy", brief(group.at("pair_accuracy"))},
                                       {"single_accuracy", brief(group.at("single_accuracy"))},
                                       {"tasks", tasks}});
      }
    }
  }
  // Published scores are by the benchmark's own rules only.
  if (protocol == kMvpProtocol && parser == "strict" && incomplete == "wrong") {
    for (const Json& published : published_mvp_json()) {
      const auto subset = subsets.find(published.at("subset").get<std::string>());
      if (subset == subsets.end()) continue;
      Json tasks = Json::object();
      for (const auto& [task, scores] : published.at("tasks").items()) {
        tasks[task] = Json{{"pair_accuracy", published_value(scores.at("pair_accuracy"))},
                           {"single_accuracy", published_value(scores.at("single_accuracy"))}};
      }
      subset->second.push_back(
          Json{{"model", published.at("model")},
               {"origin", "published: " + published.at("source").get<std::string>()},
               {"missing_tasks", 0},
               {"pair_accuracy", published_value(published.at("pair_accuracy"))},
               {"single_accuracy", published_value(published.at("single_accuracy"))},
               {"tasks", tasks}});
    }
  }
  Json tables = Json::object();
  for (auto& [subset, rows] : subsets) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Json& a, const Json& b) { return pair_value(a) > pair_value(b); });
    tables[subset] = rows;
  }
  return Json{{"protocol", protocol}, {"parser", parser}, {"subsets", tables}};
}

std::string format_pair_comparison(const nlohmann::ordered_json& comparison) {
  std::string text = "protocol " + comparison.at("protocol").get<std::string>() + "\n";
  for (const auto& [subset, rows] : comparison.at("subsets").items()) {
    text += fmt::format("\n{}\n  {:<32} {:<24} {:<24} {}\n", subset, "model", "pair accuracy %",
                        "single accuracy %", "from");
    for (const Json& row : rows) {
      text += fmt::format(
          "  {:<32} {:<24} {:<24} {}{}\n", row.at("model").get<std::string>(),
          cell(row.at("pair_accuracy")), cell(row.at("single_accuracy")),
          row.at("origin").get<std::string>(),
          row.at("missing_tasks").get<int64_t>() > 0
              ? fmt::format(" ({} tasks missing)", row.at("missing_tasks").get<int64_t>())
              : std::string());
    }
  }
  return text;
}

}  // namespace physprobe

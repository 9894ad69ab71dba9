#include "physprobe/eval/voe/surprise_and_answers.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/minimal_pairs/model_comparison.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/run_directory.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

bool begins_with(const std::string& text, const std::string& prefix) {
  return text.rfind(prefix, 0) == 0;
}

struct AnsweredPair {
  std::string name;
  std::string task;
  std::string videos;                 ///< Ids of both, sorted; "" if they are not known.
  std::map<std::string, bool> right;  ///< By model.
};

std::string both_videos(std::string a, std::string b) {
  if (b < a) std::swap(a, b);
  return a + "\n" + b;
}

std::string items_of(const std::string& run) {
  const std::string path = RunPaths(run).items;
  if (!std::filesystem::exists(path))
    throw Error(ErrorKind::kInput, run,
                "holds no items.jsonl; name the folder that was written with --out");
  return path;
}

/// Pairs of a surprise run, or of any run of grouped lines, by task and name.
std::vector<AnsweredPair> grouped_pairs(const std::string& run, const std::string& kind) {
  std::map<std::pair<std::string, std::string>, AnsweredPair> pairs;
  for_each_json_line(items_of(run), [&](int64_t /*line*/, const nlohmann::json& item) {
    const auto task = item.at("task").get<std::string>();
    const auto name = item.at("id").get<std::string>();
    AnsweredPair& pair = pairs[{task, name}];
    pair.name = name;
    pair.task = task;
    pair.right[item.at("model").get<std::string>()] = item.at("right").at(kind).get<int>() > 0;
    const nlohmann::json& given = item.at("given");
    if (given.contains("surprise of the possible"))
      pair.videos = both_videos(given.at("possible").get<std::string>(),
                                given.at("impossible").get<std::string>());
  });
  std::vector<AnsweredPair> list;
  for (auto& entry : pairs) list.push_back(std::move(entry.second));
  return list;
}

/// Pairs of a run of single answers: right if both are.
std::vector<AnsweredPair> answered_pairs(const std::string& run) {
  struct Members {
    std::set<std::string> ids;
    std::map<std::string, std::pair<int, int>> right_of;  ///< By model: right, answered.
  };
  std::map<std::pair<std::string, std::string>, Members> pairs;
  for_each_json_line(items_of(run), [&](int64_t /*line*/, const nlohmann::json& item) {
    Members& members =
        pairs[{item.at("task").get<std::string>(), item.at("pair").get<std::string>()}];
    members.ids.insert(item.at("id").get<std::string>());
    auto& [right, n] = members.right_of[item.at("model").get<std::string>()];
    right += item.at("strict_is_right").get<bool>() ? 1 : 0;
    ++n;
  });
  std::vector<AnsweredPair> list;
  for (const auto& [key, members] : pairs) {
    AnsweredPair pair;
    pair.task = key.first;
    pair.name = key.second;
    if (members.ids.size() == 2)
      pair.videos = both_videos(*members.ids.begin(), *members.ids.rbegin());
    for (const auto& [model, counts] : members.right_of) {
      // A pair of which a model answered one member only is no answer to the pair.
      if (counts.second == 2) pair.right[model] = counts.first == 2;
    }
    list.push_back(std::move(pair));
  }
  return list;
}

std::vector<NamedRating> ratings_of(const std::vector<Json>& pairs,
                                    const char* side,
                                    const std::string& model) {
  std::vector<NamedRating> ratings;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Json& right = pairs[i].at(side);
    if (right.contains(model))
      ratings.push_back({fmt::format("{:09}", i), right.at(model).get<bool>()});
  }
  return ratings;
}

std::set<std::string> models_of(const std::vector<AnsweredPair>& pairs) {
  std::set<std::string> models;
  for (const AnsweredPair& pair : pairs) {
    for (const auto& entry : pair.right) models.insert(entry.first);
  }
  return models;
}

std::vector<Json> joined_pairs(const std::vector<AnsweredPair>& surprise,
                               const std::vector<AnsweredPair>& answers) {
  std::map<std::string, const AnsweredPair*> by_videos;
  std::map<std::string, const AnsweredPair*> by_name;
  for (const AnsweredPair& pair : answers) {
    if (!pair.videos.empty()) by_videos[pair.videos] = &pair;
    by_name[pair.name] = &pair;
  }
  std::vector<Json> joined;
  for (const AnsweredPair& pair : surprise) {
    auto found = by_videos.find(pair.videos);
    if (pair.videos.empty() || found == by_videos.end()) {
      found = by_name.find(pair.name);
      if (found == by_name.end()) continue;
    }
    joined.push_back(Json{{"pair", pair.name},
                          {"task", pair.task},
                          {"surprise", pair.right},
                          {"answers", found->second->right}});
  }
  return joined;
}

Json comparison_of(const std::vector<Json>& pairs,
                   const std::string& surprise,
                   const std::string& answers,
                   const BootstrapOptions& options) {
  const std::vector<NamedRating> first = ratings_of(pairs, "surprise", surprise);
  const std::vector<NamedRating> second = ratings_of(pairs, "answers", answers);
  int64_t unshared = 0;
  const AgreementCounts counts = shared_agreement(first, second, &unshared);
  const Consistency consistency = consistency_of(first, second, options);
  const auto percent = [&](int64_t right) {
    return counts.n() == 0
               ? Json()
               : Json(100.0 * static_cast<double>(right) / static_cast<double>(counts.n()));
  };
  return Json{{"surprise", surprise},
              {"answers", answers},
              {"n_pairs", counts.n()},
              {"unshared", unshared},
              {"surprise_accuracy", percent(counts.both + counts.only_first)},
              {"answers_accuracy", percent(counts.both + counts.only_second)},
              {"both", counts.both},
              {"only_surprise", counts.only_first},
              {"only_answers", counts.only_second},
              {"neither", counts.neither},
              {"error_consistency", consistency_json(consistency)}};
}

}  // namespace

bool is_surprise_protocol(const std::string& protocol) {
  return begins_with(protocol, "voe/") && protocol != "voe/inflevel";
}

bool is_answer_protocol(const std::string& protocol) {
  return protocol == "pairs/generic-1" || protocol == "pairs/intphys2-1" ||
         protocol == "pairs/relative-1" || begins_with(protocol, "pairs/mvp-");
}

nlohmann::ordered_json compare_surprise_with_answers(const std::string& surprise_run,
                                                     const std::string& answers_run,
                                                     const BootstrapOptions& options) {
  const nlohmann::json results = read_json(RunPaths(surprise_run).results_json);
  const nlohmann::json answered = read_json(RunPaths(answers_run).results_json);
  const auto protocol = answered.at("protocol").get<std::string>();
  const bool is_relative = protocol == "pairs/relative-1";
  const std::vector<AnsweredPair> surprise =
      grouped_pairs(surprise_run, results.at("kinds").back().at("name").get<std::string>());
  const std::vector<AnsweredPair> answers =
      is_relative ? grouped_pairs(answers_run, "relative_accuracy") : answered_pairs(answers_run);
  const std::vector<Json> pairs = joined_pairs(surprise, answers);
  if (pairs.empty()) {
    throw Error(
        ErrorKind::kInput, answers_run,
        fmt::format("shares no pair with {}: its pairs are named like '{}', the others like "
                    "'{}', and no two videos have the same ids",
                    surprise_run, answers.empty() ? "" : answers.front().name,
                    surprise.empty() ? "" : surprise.front().name));
  }
  Json comparisons = Json::array();
  for (const std::string& first : models_of(surprise)) {
    for (const std::string& second : models_of(answers))
      comparisons.push_back(comparison_of(pairs, first, second, options));
  }
  return Json{{"protocols", {results.at("protocol"), protocol}},
              {"headline", results.at("kinds").back().at("name")},
              {"chance", Json{{"surprise", 50.0}, {"answers", is_relative ? 50.0 : 25.0}}},
              {"n_surprise", surprise.size()},
              {"n_answers", answers.size()},
              {"n_shared", pairs.size()},
              {"comparisons", comparisons},
              {"pairs", pairs}};
}

std::string format_surprise_and_answers(const nlohmann::ordered_json& comparison) {
  std::string text = fmt::format(
      "{} pairs of {} with surprise and {} with answers; right by chance: {:.4g} % by surprise "
      "({}), "
      "{:.4g} % by answers\n",
      comparison.at("n_shared").get<int64_t>(), comparison.at("n_surprise").get<int64_t>(),
      comparison.at("n_answers").get<int64_t>(),
      comparison.at("chance").at("surprise").get<double>(),
      comparison.at("headline").get<std::string>(),
      comparison.at("chance").at("answers").get<double>());
  const auto number = [](const Json& value) {
    return value.is_number() ? fmt::format("{:.2f}", value.get<double>()) : std::string("-");
  };
  for (const Json& pair : comparison.at("comparisons")) {
    const Json& consistency = pair.at("error_consistency");
    text += fmt::format(
        "{} and {}: surprise {} %, answers {} %; both {}, only surprise {}, only answers {}, "
        "neither "
        "{}; error consistency kappa {} [{}, {}] (independent systems agree on {} of pairs, these "
        "on "
        "{})\n",
        pair.at("surprise").get<std::string>(), pair.at("answers").get<std::string>(),
        number(pair.at("surprise_accuracy")), number(pair.at("answers_accuracy")),
        pair.at("both").get<int64_t>(), pair.at("only_surprise").get<int64_t>(),
        pair.at("only_answers").get<int64_t>(), pair.at("neither").get<int64_t>(),
        number(consistency.at("kappa")), number(consistency.at("interval").at("low")),
        number(consistency.at("interval").at("high")), number(consistency.at("expected")),
        number(consistency.at("observed")));
  }
  return text;
}

}  // namespace physprobe

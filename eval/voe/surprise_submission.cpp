#include "physprobe/eval/voe/surprise_submission.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

namespace physprobe {
namespace {

constexpr std::size_t kMostNamedTasks = 10;

/// "3 tasks have no curves: a, b, c"; "" for none.
std::string count_and_names(const std::vector<std::string>& names, const std::string& what) {
  if (names.empty()) return "";
  const std::vector<std::string> first(
      names.begin(),
      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostNamedTasks)));
  return fmt::format("{} {}: {}{}", names.size(), what, fmt::join(first, ", "),
                     names.size() > kMostNamedTasks ? ", …" : "");
}

/// Collects what is wrong with a submission and ends with one error.
class SubmissionCheck {
 public:
  SubmissionCheck(std::string path, const std::vector<std::string>& expected)
      : path_(std::move(path)), missing_(expected.begin(), expected.end()), expected_(missing_) {}

  void defect(int64_t line, const std::string& text) {
    defects_.push_back(fmt::format("line {}: {}", line, text));
  }

  void take(int64_t line, const std::string& name) {
    ++lines_;
    if (missing_.erase(name) > 0) return;
    defect(line, expected_.count(name) > 0 ? fmt::format("'{}' is there already", name)
                                           : fmt::format("'{}' is not asked for", name));
  }

  int64_t finish() const {
    std::vector<std::string> texts = defects_;
    const std::string missing =
        count_and_names({missing_.begin(), missing_.end()}, "videos are missing");
    if (!missing.empty()) texts.push_back(missing);
    if (!texts.empty())
      throw Error(ErrorKind::kInput, path_,
                  fmt::format("is no complete submission\n  {}", fmt::join(texts, "\n  ")));
    return lines_;
  }

 private:
  std::string path_;
  std::set<std::string> missing_;
  std::set<std::string> expected_;
  std::vector<std::string> defects_;
  int64_t lines_ = 0;
};

}  // namespace

SurpriseSet read_surprise_document(const std::string& path) {
  const nlohmann::json document = read_json(path);
  SurpriseSet set;
  set.files = {path};
  try {
    set.model = document.value("name", std::string("model"));
    set.contexts = document.at("contexts").get<std::vector<int64_t>>();
    const nlohmann::json one = nlohmann::json::array({document});
    const nlohmann::json& items = document.contains("items")    ? document.at("items")
                                  : document.contains("videos") ? document.at("videos")
                                                                : one;
    for (const nlohmann::json& entry : items) {
      SurpriseItem item;
      item.id = entry.at("id").get<std::string>();
      item.curves = entry.at("surprise").get<SurpriseCurves>();
      if (item.curves.size() != set.contexts.size() || item.curves.front().empty())
        throw Error(ErrorKind::kInput, path,
                    fmt::format("'{}' has {} curves for {} contexts", item.id, item.curves.size(),
                                set.contexts.size()));
      set.items.push_back(std::move(item));
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, path,
                std::string("is no document of probe surprise --json: ") + error.what());
  }
  return set;
}

std::size_t row_of_context(const SurpriseSet& set, const std::optional<int64_t>& context) {
  if (!context) return set.contexts.size();
  const auto found = std::find(set.contexts.begin(), set.contexts.end(), *context);
  if (found == set.contexts.end())
    throw Error(
        ErrorKind::kUsage, "--context",
        fmt::format("{} is none of the contexts: {}", *context, fmt::join(set.contexts, ", ")));
  return static_cast<std::size_t>(found - set.contexts.begin());
}

std::vector<double> surprise_of_tasks(const SurpriseSet& set,
                                      const std::vector<std::string>& tasks,
                                      std::size_t row,
                                      SurprisePooling pooling) {
  std::map<std::string, const SurpriseItem*> items;
  for (const SurpriseItem& item : set.items) items[item.id] = &item;
  std::vector<double> surprise;
  std::vector<std::string> missing;
  for (const std::string& task : tasks) {
    const auto found = items.find(task);
    if (found == items.end()) {
      missing.push_back(task);
      continue;
    }
    surprise.push_back(pooled_curve(curve_of(found->second->curves, row), pooling));
    items.erase(found);
  }
  std::vector<std::string> extra;
  for (const auto& entry : items) extra.push_back(entry.first);
  const std::string no_curves = count_and_names(missing, "videos of the list have no curves");
  const std::string no_task = count_and_names(extra, "curves are of videos that are not listed");
  if (!no_curves.empty() || !no_task.empty())
    throw Error(ErrorKind::kInput, set.files.empty() ? set.model : set.files.front(),
                no_curves + (no_curves.empty() || no_task.empty() ? "" : "; ") + no_task);
  return surprise;
}

std::string intphys_submission(const std::vector<std::string>& tasks,
                               const std::vector<double>& surprise,
                               double scale) {
  const double largest =
      surprise.empty() ? 0.0 : *std::max_element(surprise.begin(), surprise.end());
  const double smallest =
      surprise.empty() ? 0.0 : *std::min_element(surprise.begin(), surprise.end());
  if (largest > scale || smallest < 0.0)
    throw Error(
        ErrorKind::kInput, "submission",
        fmt::format("surprise lies between {:.6g} and {:.6g}, so that 1 - surprise / {:.6g} "
                    "leaves [0, 1], which the challenge refuses; --scale {:.6g} would do",
                    smallest, largest, scale, std::ceil(largest)));
  std::string text;
  for (std::size_t i = 0; i < tasks.size(); ++i)
    text += fmt::format("{} {}\n", tasks[i], 1.0 - surprise[i] / scale);
  return text;
}

int64_t check_intphys_submission(const std::string& path, const std::vector<std::string>& tasks) {
  SubmissionCheck check(path, tasks);
  std::istringstream text(read_file(path));
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    std::istringstream words(line);
    std::string task;
    std::string score;
    std::string rest;
    if (!(words >> task)) continue;
    words >> score >> rest;
    double value = -1.0;
    const auto parsed = std::from_chars(score.data(), score.data() + score.size(), value);
    if (!rest.empty() || parsed.ec != std::errc() || parsed.ptr != score.data() + score.size() ||
        !(value >= 0.0 && value <= 1.0))
      check.defect(number, fmt::format("'{}'; expected <video> <score between 0 and 1>", line));
    check.take(number, task);
  }
  return check.finish();
}

std::string intphys2_submission(const std::vector<std::string>& names,
                                const std::vector<double>& surprise,
                                const std::optional<double>& threshold) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return surprise[a] != surprise[b] ? surprise[a] < surprise[b] : names[a] < names[b];
  });
  std::vector<bool> is_possible(names.size(), false);
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    is_possible[order[rank]] =
        threshold ? surprise[order[rank]] < *threshold : rank < order.size() / 2;
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += dump_json(nlohmann::ordered_json{{"data_name", "intphys2"},
                                             {"task", "HeldOut"},
                                             {"row_id", names[i]},
                                             {"model_answer", is_possible[i] ? 1 : 0}}) +
            "\n";
  return text;
}

int64_t check_intphys2_submission(const std::string& path, const std::vector<std::string>& names) {
  SubmissionCheck check(path, names);
  std::istringstream text(read_file(path));
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    if (!row.is_object() || !row.contains("row_id") || !row["row_id"].is_string()) {
      check.defect(number, "is no JSON object with a row_id");
      continue;
    }
    if (row.value("data_name", "") != "intphys2" || row.value("task", "") != "HeldOut")
      check.defect(number, "is not of data_name intphys2 and task HeldOut");
    const nlohmann::json answer = row.value("model_answer", nlohmann::json());
    if (!answer.is_number_integer() || (answer != 0 && answer != 1))
      check.defect(number, fmt::format("has model_answer {}; expected 0 or 1", answer.dump()));
    check.take(number, row["row_id"].get<std::string>());
  }
  return check.finish();
}

}  // namespace physprobe

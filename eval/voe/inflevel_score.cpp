#include "physprobe/eval/voe/inflevel_score.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/eval/minimal_pairs/score_json.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// Real and magic types of a principle; the file tells which one it is of.
struct TrialTypes {
  const char* principle;
  std::array<const char*, 2> real;
  std::array<const char*, 2> magic;
};
constexpr std::array<TrialTypes, 2> kTypes = {
    {{"continuity", {"vv", "ii"}, {"iv", "vi"}},
     {"gravity or solidity", {"ui", "cv"}, {"uv", "ci"}}}};

/// Position of `type` among real 0, real 1, magic 0, magic 1; -1 if it is none of them.
int place_of(const TrialTypes& types, const std::string& type) {
  for (int i = 0; i < 2; ++i) {
    if (type == types.real.at(static_cast<std::size_t>(i))) return i;
    if (type == types.magic.at(static_cast<std::size_t>(i))) return 2 + i;
  }
  return -1;
}

std::vector<CsvRow> read_rows(const std::string& path) {
  std::string text = read_file(path);
  if (std::filesystem::path(path).extension() == ".tsv") {
    if (text.find('"') != std::string::npos)
      throw Error(ErrorKind::kInput, path, "has quotes; write it as CSV");
    std::replace(text.begin(), text.end(), ',', ';');
    std::replace(text.begin(), text.end(), '\t', ',');
  }
  return parse_csv(text, path);
}

class ScoreReader {
 public:
  ScoreReader(const std::string& path, std::string score_column, bool is_surprise)
      : path_(path), score_column_(std::move(score_column)), is_surprise_(is_surprise) {}

  InfLevelTable read() {
    std::vector<CsvRow> rows = read_rows(path_);
    if (rows.empty()) throw Error(ErrorKind::kInput, path_, "is empty; expected a heading");
    read_heading(rows.front().fields);
    for (std::size_t i = 1; i < rows.size(); ++i) add(rows[i]);
    if (!defects_.empty())
      throw Error(ErrorKind::kInput, path_, fmt::format("{}", fmt::join(defects_, "\n  ")));
    return table();
  }

 private:
  struct Group {
    std::array<std::optional<double>, 4> scores;
    std::vector<std::string> types;
  };

  void read_heading(const std::vector<std::string>& heading) {
    for (std::size_t i = 0; i < heading.size(); ++i) columns_.emplace(heading[i], i);
    std::vector<std::string> missing;
    for (const std::string& name : {std::string("camera_loc"), std::string("cover"),
                                    std::string("obj"), std::string("trial_type"), score_column_}) {
      if (columns_.count(name) == 0) missing.push_back(name);
    }
    if (missing.empty()) return;
    throw Error(ErrorKind::kInput, path_,
                fmt::format("lacks the column{} {}; found: {}", missing.size() == 1 ? "" : "s",
                            fmt::join(missing, ", "), fmt::join(heading, ", ")));
  }

  void defect(const CsvRow& row, const std::string& text) {
    defects_.push_back(fmt::format("line {} {}", row.line, text));
  }

  void add(const CsvRow& row) {
    if (row.fields.size() != columns_.size())
      return defect(
          row, fmt::format("has {} cells, the heading {}", row.fields.size(), columns_.size()));
    const auto cell = [&](const std::string& name) { return row.fields[columns_.at(name)]; };
    const std::string type = cell("trial_type");
    if (types_ == nullptr) {
      for (const TrialTypes& types : kTypes) {
        if (place_of(types, type) >= 0) types_ = &types;
      }
    }
    const int place = types_ == nullptr ? -1 : place_of(*types_, type);
    if (place < 0)
      return defect(row, fmt::format("has trial_type '{}'; expected vv, ii, iv, vi (continuity) or "
                                     "ui, cv, uv, ci (gravity, solidity), not both in one file",
                                     type));
    const std::string text = cell(score_column_);
    double score = 0.0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), score);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
        !std::isfinite(score))
      return defect(row, fmt::format("has the score '{}'; expected a finite number", text));
    std::string name = cell("camera_loc") + "/" + cell("cover") + "/" + cell("obj");
    if (columns_.count("dir") > 0) name += "/" + cell("dir");
    const auto [found, is_new] = index_.emplace(name, groups_.size());
    if (is_new) groups_.emplace_back(name, Group());
    Group& group = groups_[found->second].second;
    std::optional<double>& slot = group.scores.at(static_cast<std::size_t>(place));
    if (slot) return defect(row, fmt::format("is a second '{}' of {}", type, name));
    slot = is_surprise_ ? -score : score;
    group.types.push_back(type);
  }

  InfLevelTable table() const {
    InfLevelTable table;
    table.file = path_;
    table.principle = types_ == nullptr ? "" : types_->principle;
    for (const auto& [name, group] : groups_) {
      if (group.types.size() < 4) {
        table.incomplete.push_back(fmt::format("{} has {}", name, fmt::join(group.types, ", ")));
        continue;
      }
      table.groups.push_back(
          {name, {*group.scores[0], *group.scores[1]}, {*group.scores[2], *group.scores[3]}});
    }
    if (table.groups.empty())
      throw Error(ErrorKind::kInput, path_,
                  fmt::format("has no set-up with all four trial types ({} incomplete)",
                              table.incomplete.size()));
    return table;
  }

  const std::string& path_;
  std::string score_column_;
  bool is_surprise_;
  const TrialTypes* types_ = nullptr;
  std::map<std::string, std::size_t> columns_;
  std::map<std::string, std::size_t> index_;
  std::vector<std::pair<std::string, Group>> groups_;
  std::vector<std::string> defects_;
};

/// Of scores in the order real 0, real 1, magic 0, magic 1: twice the comparisons won, ties once.
int64_t half_comparisons(const std::array<double, 4>& scores) {
  int64_t halves = 0;
  for (std::size_t real = 0; real < 2; ++real) {
    for (std::size_t magic = 2; magic < 4; ++magic)
      halves += scores.at(real) > scores.at(magic)    ? 2
                : scores.at(real) == scores.at(magic) ? 1
                                                      : 0;
  }
  return halves;
}

}  // namespace

InfLevelTable read_inflevel_scores(const std::string& path,
                                   const std::string& score_column,
                                   bool is_surprise) {
  return ScoreReader(path, score_column, is_surprise).read();
}

InfLevelScore inflevel_score(const InfLevelTable& table,
                             int64_t permutations,
                             const BootstrapOptions& options) {
  InfLevelScore score;
  std::vector<std::array<double, 4>> groups;
  std::vector<double> shares;
  int64_t observed = 0;
  for (const InfLevelGroup& group : table.groups) {
    groups.push_back({group.real[0], group.real[1], group.magic[0], group.magic[1]});
    const int64_t halves = half_comparisons(groups.back());
    observed += halves;
    shares.push_back(static_cast<double>(halves) / 8.0);
    for (const double real : group.real) {
      for (const double magic : group.magic) score.ties += real == magic;
    }
  }
  const auto most = 8 * static_cast<int64_t>(groups.size());
  score.accuracy = static_cast<double>(observed) / static_cast<double>(most);
  score.interval = bootstrap_mean(shares, options);
  int64_t above = 0;
  int64_t beyond = 0;
  double sum = 0.0;
  double sum_of_squares = 0.0;
  Rng rng(derive_seed(options.seed, "inflevel permutation"));
  for (int64_t i = 0; i < permutations; ++i) {
    int64_t halves = 0;
    for (std::array<double, 4> scores : groups) {
      for (std::size_t k = 3; k > 0; --k) std::swap(scores.at(k), scores.at(rng.below(k + 1)));
      halves += half_comparisons(scores);
    }
    above += halves >= observed;
    // Distances from one half, in quarters of a comparison so that they are whole.
    beyond += std::abs(2 * halves - most) >= std::abs(2 * observed - most);
    const double accuracy = static_cast<double>(halves) / static_cast<double>(most);
    sum += accuracy;
    sum_of_squares += accuracy * accuracy;
  }
  const auto n = static_cast<double>(permutations);
  score.one_sided_p = static_cast<double>(above) / n;
  score.two_sided_p = 2 * observed == most ? 1.0 : static_cast<double>(beyond) / n;
  score.permuted_mean = sum / n;
  score.permuted_sd =
      std::sqrt(std::max(0.0, sum_of_squares / n - score.permuted_mean * score.permuted_mean));
  return score;
}

nlohmann::ordered_json inflevel_json(const std::vector<InfLevelTable>& tables,
                                     const std::vector<InfLevelScore>& scores,
                                     int64_t permutations,
                                     const BootstrapOptions& options) {
  Json flat = Json::array();
  Json models = Json::array();
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const InfLevelTable& table = tables[i];
    const InfLevelScore& score = scores[i];
    const std::string name = std::filesystem::path(table.file).stem().string();
    Interval interval = score.interval;
    interval.low *= 100.0;
    interval.high *= 100.0;
    flat.push_back(Json{{"name", "plausibility"},
                        {"protocol", kInfLevelProtocol},
                        {"model", name},
                        {"task", table.principle},
                        {"source", ""},
                        {"value", 100.0 * score.accuracy},
                        {"unit", "%"},
                        {"n", table.groups.size()},
                        {"interval", interval_json(interval)},
                        {"higher_is", "better"},
                        {"chance", 50.0},
                        {"above_chance_p", score.one_sided_p}});
    models.push_back(
        Json{{"name", name},
             {"files", {table.file}},
             {"finding",
              fmt::format("permutation p {:.4g} (one-sided), {:.4g} (two-sided); {} of {} set-ups "
                          "are complete, {} comparisons are ties.",
                          score.one_sided_p, score.two_sided_p, table.groups.size(),
                          table.groups.size() + table.incomplete.size(), score.ties)},
             {"accuracy", score.accuracy},
             {"ties", score.ties},
             {"groups_total", table.groups.size() + table.incomplete.size()},
             {"groups_complete", table.groups.size()},
             {"incomplete", table.incomplete},
             {"permutation", Json{{"one_sided_p", score.one_sided_p},
                                  {"two_sided_p", score.two_sided_p},
                                  {"mean", score.permuted_mean},
                                  {"sd", score.permuted_sd},
                                  {"permutations", permutations}}}});
  }
  return Json{
      {"schema", 1},
      {"name", tables.size() == 1 ? models[0]["name"] : Json("several tables")},
      {"protocol", kInfLevelProtocol},
      {"kinds", Json::array({Json{{"name", "plausibility"}, {"units", 1}, {"chance", 50.0}}})},
      {"scores", flat},
      {"models", models},
      {"comparisons", Json::array()},
      {"notes", Json::array()},
      {"provenance", Json{{"producer", std::string("physprobe ") + version()},
                          {"protocols", Json::array({kInfLevelProtocol})},
                          {"seed", options.seed},
                          {"resamples", options.resamples},
                          {"permutations", permutations},
                          {"level", options.level}}}};
}

}  // namespace physprobe

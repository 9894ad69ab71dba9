#include "physprobe/eval/physics_iq/bridge.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/not_a_number.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/summary.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct Item {
  std::string run, scenario, view, category, file;
  std::map<std::string, double> metrics;  // "score" and the sub-scores
};

std::vector<Item> read_items(const std::string& directory) {
  std::vector<Item> items;
  for_each_json_line(directory + "/items.jsonl", [&](int64_t, const nlohmann::json& line) {
    Item item{line.at("run"),      line.at("scenario"), line.at("view"),
              line.at("category"), line.at("path"),     {}};
    const auto take = [&](const std::string& name, const nlohmann::json& value) {
      if (value.is_number()) item.metrics[name] = value.get<double>();
    };
    take("score", line.at("score"));
    for (const auto& [name, value] : line.at("metrics").items()) take(name, value);
    items.push_back(std::move(item));
  });
  return items;
}

/// column -> id -> value.
using ProbeValues = std::map<std::string, std::map<std::string, double>>;

/// Mean surprise of each video under each context length, and of their smallest ("Filtered"), from
/// the curves that `probe surprise` writes.
ProbeValues read_surprise(const std::string& path) try {
  const nlohmann::json document = read_json(path);
  const char* const list = document.contains("videos") ? "videos" : "items";
  if (!document.contains("contexts") || !document.contains(list))
    throw Error(ErrorKind::kInput, path,
                "holds no surprise curves (contexts and videos); expected the curves.json that "
                "`probe surprise --out` writes, a CSV with id, or a run's items.jsonl");
  const std::string name = document.value("name", std::string("surprise"));
  ProbeValues values;
  for (const nlohmann::json& video : document.at(list)) {
    const nlohmann::json& means = video.at("mean");
    for (std::size_t row = 0; row < means.size(); ++row) {
      if (!means.at(row).is_number()) continue;
      const std::string context =
          row < document.at("contexts").size()
              ? fmt::format("context {}", document.at("contexts").at(row).get<int64_t>())
              : "Filtered";
      values[fmt::format("{} {} mean_surprise", name, context)][video.at("id").get<std::string>()] =
          means.at(row).get<double>();
    }
  }
  return values;
} catch (const nlohmann::json::exception& error) {
  throw Error(ErrorKind::kInput, path,
              fmt::format("is not as `probe surprise --out` writes its curves: {}", error.what()));
}

ProbeValues read_probe(const std::string& path) {
  if (std::filesystem::path(path).extension() == ".json") return read_surprise(path);
  ProbeValues values;
  if (std::filesystem::path(path).extension() == ".jsonl") {
    for_each_json_line(path, [&](int64_t, const nlohmann::json& line) {
      if (!line.contains("encoders") || !line.contains("id")) return;
      const std::string id = line.at("id").get<std::string>();
      for (const auto& [encoder, entry] : line.at("encoders").items()) {
        for (const auto& [tap, numbers] : entry.at("taps").items()) {
          const nlohmann::json curvature = numbers.value("mean_curvature_deg", nlohmann::json());
          if (curvature.is_number())
            values[fmt::format("{} {} mean_curvature_deg", encoder, tap)][id] =
                curvature.get<double>();
        }
        if (entry.contains("neighbours") && !entry.at("neighbours").empty())
          values[encoder + " nearest_distance"][id] =
              entry.at("neighbours").at(0).at("distance").get<double>();
      }
    });
    return values;
  }
  const std::vector<CsvRow> rows = parse_csv(read_file(path), path);
  if (rows.empty()) throw Error(ErrorKind::kInput, path, "is empty; expected columns id and score");
  const auto& heading = rows.front().fields;
  const auto id_column = std::find(heading.begin(), heading.end(), "id");
  if (id_column == heading.end())
    throw Error(ErrorKind::kInput, path,
                fmt::format("has no column 'id'; found {}", fmt::join(heading, ", ")));
  std::map<std::string, int64_t> seen;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (rows[r].fields.size() != heading.size())
      throw Error(ErrorKind::kInput, path,
                  fmt::format("line {}: {} fields, the heading has {}", rows[r].line,
                              rows[r].fields.size(), heading.size()));
    const std::string& id = rows[r].fields[static_cast<std::size_t>(id_column - heading.begin())];
    if (!seen.emplace(id, rows[r].line).second)
      throw Error(
          ErrorKind::kInput, path,
          fmt::format("line {}: id '{}' stands on line {} already", rows[r].line, id, seen.at(id)));
    for (std::size_t c = 0; c < heading.size(); ++c) {
      const std::string& cell = rows[r].fields[c];
      double value = 0.0;
      const auto parsed = std::from_chars(cell.data(), cell.data() + cell.size(), value);
      if (heading[c] == "id" || cell.empty() || parsed.ec != std::errc() ||
          parsed.ptr != cell.data() + cell.size() || !std::isfinite(value))
        continue;
      values[heading[c]][id] = value;
    }
  }
  if (values.empty())
    throw Error(ErrorKind::kInput, path,
                fmt::format("has no number beside an id; found the columns {}, expected id and "
                            "columns of numbers",
                            fmt::join(heading, ", ")));
  return values;
}

/// The probe's values in the order of the items, NaN where it has none. A file's bare name stands
/// for one video only: Error(kInput) if it fits those of several runs.
std::vector<double> values_for(const std::vector<Item>& items,
                               const std::map<std::string, double>& values,
                               const std::string& path) {
  std::map<std::string, const Item*> owner_of;
  std::vector<double> found_values;
  for (const Item& item : items) {
    const std::string stem = std::filesystem::path(item.file).stem().string();
    double value = kNaN;
    for (const std::string& id :
         {item.run + "/" + item.scenario + "/" + item.view, item.run + "/" + item.file,
          item.run + "/" + stem, item.file, stem}) {
      const auto found = values.find(id);
      if (found == values.end()) continue;
      const auto [owner, is_new] = owner_of.emplace(id, &item);
      if (!is_new)
        throw Error(
            ErrorKind::kInput, path,
            fmt::format("id '{}' fits a video of run '{}' and one of run '{}'; write '{}/{}'", id,
                        owner->second->run, item.run, item.run, id));
      value = found->second;
      break;
    }
    found_values.push_back(value);
  }
  return found_values;
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && values[order[j]] == values[order[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) rank[order[k]] = 0.5 * static_cast<double>(i + j - 1);
    i = j;
  }
  return rank;
}

struct Pairs {
  std::vector<double> probe, metric;
  std::vector<std::string> scene;
};

/// Percentile bootstrap over scenes.
Json correlation_json(const Pairs& pairs, const BootstrapOptions& statistics) {
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < pairs.scene.size(); ++i) members[pairs.scene[i]].push_back(i);
  std::vector<const std::vector<std::size_t>*> scenes;
  scenes.reserve(members.size());
  for (const auto& [scene, indices] : members) scenes.push_back(&indices);
  Rng rng(derive_seed(statistics.seed, "physics-iq bridge"));
  std::vector<double> values;
  for (int64_t i = 0; i < statistics.resamples && scenes.size() > 2; ++i) {
    std::vector<double> a, b;
    for (std::size_t k = 0; k < scenes.size(); ++k) {
      for (const std::size_t index : *scenes[rng.below(scenes.size())]) {
        a.push_back(pairs.probe[index]);
        b.push_back(pairs.metric[index]);
      }
    }
    const double rho = spearman(a, b);
    if (std::isfinite(rho)) values.push_back(rho);
  }
  const bool has_interval = !values.empty();
  return Json{{"spearman", spearman(pairs.probe, pairs.metric)},
              {"n", pairs.probe.size()},
              {"scenes", scenes.size()},
              {"interval",
               {{"low", has_interval ? quantile(values, 0.5 - 0.5 * statistics.level) : kNaN},
                {"high", has_interval ? quantile(values, 0.5 + 0.5 * statistics.level) : kNaN},
                {"level", statistics.level},
                {"method", has_interval ? "percentile" : "none"}}}};
}

/// Picks one run per (scenario, view) by the probe and scores the picks by Physics-IQ Verified.
Json best_of_n(const std::vector<Item>& items, const std::vector<double>& values) {
  struct Candidate {
    double probe, score;
  };
  std::map<std::pair<std::string, std::string>, std::vector<Candidate>> candidates;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto score = items[i].metrics.find("score");
    if (score != items[i].metrics.end() && std::isfinite(values[i]))
      candidates[{items[i].scenario, items[i].view}].push_back({values[i], score->second});
  }
  std::vector<double> least, most, oracle, random;
  std::size_t n = 0;
  for (const auto& [sample, list] : candidates) {
    if (list.size() < 2) continue;
    n = std::max(n, list.size());
    const auto by_probe = [](const Candidate& x, const Candidate& y) { return x.probe < y.probe; };
    const auto by_score = [](const Candidate& x, const Candidate& y) { return x.score < y.score; };
    least.push_back(std::min_element(list.begin(), list.end(), by_probe)->score);
    most.push_back(std::max_element(list.begin(), list.end(), by_probe)->score);
    oracle.push_back(std::max_element(list.begin(), list.end(), by_score)->score);
    double sum = 0.0;
    for (const Candidate& candidate : list) sum += candidate.score;
    random.push_back(sum / static_cast<double>(list.size()));
  }
  if (least.empty()) return Json();
  return Json{{"candidates", n},
              {"samples", least.size()},
              {"verified_lowest", mean(least)},
              {"verified_highest", mean(most)},
              {"verified_random", mean(random)},
              {"verified_oracle", mean(oracle)}};
}

}  // namespace

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.size() < 2) return kNaN;
  const std::vector<double> x = ranks(a);
  const std::vector<double> y = ranks(b);
  const double mean_x = mean(x);
  const double mean_y = mean(y);
  double xy = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xx > 0.0 && yy > 0.0 ? xy / std::sqrt(xx * yy) : kNaN;
}

void check_probe_outputs(const std::vector<std::string>& probes) {
  for (const std::string& path : probes) read_probe(path);
}

void write_bridge(const std::string& directory,
                  const std::vector<std::string>& probes,
                  const BootstrapOptions& statistics) {
  const std::vector<Item> items = read_items(directory);
  Json joined = Json::array();
  CsvWriter csv({"probe", "column", "category", "metric", "spearman", "low", "high", "n"});
  for (const std::string& path : probes) {
    const std::string name = std::filesystem::path(path).filename().string();
    int64_t matched = 0;
    for (const auto& [column, by_id] : read_probe(path)) {
      std::map<std::string, std::map<std::string, Pairs>> by_category;  // "" = all
      const std::vector<double> values = values_for(items, by_id, path);
      int64_t of_column = 0;
      for (std::size_t i = 0; i < items.size(); ++i) {
        const Item& item = items[i];
        const double value = values[i];
        if (!std::isfinite(value)) continue;
        ++of_column;
        for (const auto& [metric, number] : item.metrics) {
          std::vector<std::string> groups = {""};
          if (!item.category.empty()) groups.push_back(item.category);
          for (const std::string& category : groups) {
            Pairs& pairs = by_category[category][metric];
            pairs.probe.push_back(value);
            pairs.metric.push_back(number);
            pairs.scene.push_back(item.scenario);
          }
        }
      }
      Json correlations = Json::array();
      for (const auto& [category, metrics] : by_category) {
        for (const auto& [metric, pairs] : metrics) {
          Json entry = correlation_json(pairs, statistics);
          const auto cell = [&](const Json& value) {
            value.is_number() ? csv.cell(value.get<double>()) : csv.empty_cell();
          };
          csv.cell(name).cell(column).cell(category).cell(metric);
          cell(entry["spearman"]);
          cell(entry["interval"]["low"]);
          cell(entry["interval"]["high"]);
          csv.cell(entry["n"].get<int64_t>());
          csv.end_row();
          entry["category"] = category;
          entry["metric"] = metric;
          correlations.push_back(entry);
        }
      }
      matched += of_column;
      joined.push_back({{"probe", name},
                        {"column", column},
                        {"samples", items.size()},
                        {"joined", of_column},
                        {"correlations", correlations},
                        {"best_of_n", best_of_n(items, values)}});
    }
    if (matched == 0)
      throw Error(ErrorKind::kInput, path,
                  fmt::format("no id matches a video of {}; ids are run/scenario/view or the "
                              "generated file's name, such as '{}'",
                              directory, items.empty() ? "" : items.front().file));
  }
  write_file_atomic(directory + "/bridge.json", dump_json_pretty(Json{{"probes", joined}}));
  write_file_atomic(directory + "/bridge.csv", csv.text());
  extend_digest_list(directory, "COMPLETE", {"bridge.csv", "bridge.json"}, {});
}

std::string format_bridge(const std::string& directory) {
  const nlohmann::json bridge = read_json(directory + "/bridge.json");
  std::string text = "\njoined probes (Spearman with the Verified sample score)\n";
  const auto plain = [](const nlohmann::json& value, const char* format) {
    return value.is_number() ? fmt::format(fmt::runtime(format), value.get<double>())
                             : std::string("-");
  };
  for (const nlohmann::json& probe : bridge.at("probes")) {
    text += fmt::format("  {} {}: {} of {} samples", probe.at("probe").get<std::string>(),
                        probe.at("column").get<std::string>(), probe.at("joined").get<int64_t>(),
                        probe.at("samples").get<int64_t>());
    for (const nlohmann::json& entry : probe.at("correlations"))
      if (entry.at("metric") == "score" && entry.at("category") == "")
        text += fmt::format(", {} [{}, {}]", plain(entry.at("spearman"), "{:+.2f}"),
                            plain(entry.at("interval").at("low"), "{:.2f}"),
                            plain(entry.at("interval").at("high"), "{:.2f}"));
    text += "\n";
    const nlohmann::json& best = probe.at("best_of_n");
    if (!best.is_null())
      text += fmt::format(
          "    best of {} by it: lowest {}, highest {}; random {}, oracle {}\n",
          best.at("candidates").get<int64_t>(), plain(best.at("verified_lowest"), "{:.2f}"),
          plain(best.at("verified_highest"), "{:.2f}"), plain(best.at("verified_random"), "{:.2f}"),
          plain(best.at("verified_oracle"), "{:.2f}"));
  }
  return text;
}

}  // namespace physprobe

#include "physprobe/eval/physics_iq/bridge.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/rng.h"
#include "physprobe/core/statistics/summary.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

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

ProbeValues read_probe(const std::string& path) {
  ProbeValues values;
  if (std::filesystem::path(path).extension() == ".jsonl") {
    for_each_json_line(path, [&](int64_t, const nlohmann::json& line) {
      if (!line.contains("encoders") || !line.contains("id")) return;
      const std::string id = line.at("id").get<std::string>();
      for (const auto& [encoder, entry] : line.at("encoders").items()) {
        for (const auto& [tap, numbers] : entry.at("taps").items()) {
          const nlohmann::json curvature = numbers.value("mean_curvature_deg", nlohmann::json());
          if (curvature.is_number())
            values[encoder + " " + tap + " mean_curvature_deg"][id] = curvature.get<double>();
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
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (rows[r].fields.size() != heading.size())
      throw Error(ErrorKind::kInput, path,
                  fmt::format("line {}: {} fields, the heading has {}", rows[r].line,
                              rows[r].fields.size(), heading.size()));
    const std::string& id = rows[r].fields[static_cast<std::size_t>(id_column - heading.begin())];
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
  return values;
}

double value_for(const Item& item, const std::map<std::string, double>& values) {
  const std::string stem = std::filesystem::path(item.file).stem().string();
  for (const std::string& id :
       {item.run + "/" + item.scenario + "/" + item.view, item.run + "/" + item.file,
        item.run + "/" + stem, item.file, stem}) {
    const auto found = values.find(id);
    if (found != values.end()) return found->second;
  }
  return kNaN;
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
Json best_of_n(const std::vector<Item>& items, const std::map<std::string, double>& values) {
  std::map<std::pair<std::string, std::string>, std::vector<const Item*>> candidates;
  for (const Item& item : items) {
    if (item.metrics.count("score") != 0 && std::isfinite(value_for(item, values)))
      candidates[{item.scenario, item.view}].push_back(&item);
  }
  std::vector<double> least, most, oracle, random;
  std::size_t n = 0;
  for (const auto& [sample, list] : candidates) {
    if (list.size() < 2) continue;
    n = std::max(n, list.size());
    const auto by_probe = [&](const Item* a, const Item* b) {
      return value_for(*a, values) < value_for(*b, values);
    };
    const auto by_score = [](const Item* a, const Item* b) {
      return a->metrics.at("score") < b->metrics.at("score");
    };
    least.push_back((*std::min_element(list.begin(), list.end(), by_probe))->metrics.at("score"));
    most.push_back((*std::max_element(list.begin(), list.end(), by_probe))->metrics.at("score"));
    oracle.push_back((*std::max_element(list.begin(), list.end(), by_score))->metrics.at("score"));
    double sum = 0.0;
    for (const Item* item : list) sum += item->metrics.at("score");
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

void write_bridge(const std::string& directory,
                  const std::vector<std::string>& probes,
                  const BootstrapOptions& statistics) {
  const std::vector<Item> items = read_items(directory);
  Json joined = Json::array();
  CsvWriter csv({"probe", "column", "category", "metric", "spearman", "low", "high", "n"});
  for (const std::string& path : probes) {
    const std::string name = std::filesystem::path(path).filename().string();
    int64_t matched = 0;
    for (const auto& [column, values] : read_probe(path)) {
      std::map<std::string, std::map<std::string, Pairs>> by_category;  // "" = all
      for (const Item& item : items) {
        const double value = value_for(item, values);
        if (!std::isfinite(value)) continue;
        ++matched;
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
      joined.push_back({{"probe", name},
                        {"column", column},
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
}

void write_sensitivity(const PhysicsIqOptions& options) {
  struct Variant {
    std::string name;
    PhysicsIqOptions options;
  };
  std::vector<Variant> variants;
  const auto add = [&](const std::string& name,
                       const std::function<void(PhysicsIqOptions&)>& change) {
    Variant variant{name, options};
    variant.options.out = options.out + "/sensitivity/" + name;
    variant.options.cache = options.cache.empty() ? options.out + "/cache" : options.cache;
    variant.options.with_media = false;
    change(variant.options);
    variants.push_back(std::move(variant));
  };
  add("as-scored", [](PhysicsIqOptions&) {});
  for (const int threshold : {5, 20})
    add(fmt::format("threshold-{}", threshold),
        [=](PhysicsIqOptions& o) { o.threshold = threshold; });
  const bool is_lossy = options.mask_path == MaskPath::kMp4v;
  if (is_lossy || has_mask_codec())
    add(is_lossy ? "masks-direct" : "masks-mp4v",
        [=](PhysicsIqOptions& o) { o.mask_path = is_lossy ? MaskPath::kDirect : MaskPath::kMp4v; });
  add(options.decode == "opencv" ? "decode-tagged" : "decode-opencv",
      [](PhysicsIqOptions& o) { o.decode = o.decode == "opencv" ? "tagged" : "opencv"; });
  if (has_mask_codec() && options.plan.first_frames == 0) {
    for (const int fps : {8, 16})
      add(fmt::format("rate-{}", fps), [=](PhysicsIqOptions& o) { o.plan.resample_fps = fps; });
  }
  Json table = Json::array();
  CsvWriter csv({"variant", "run", "verified", "original"});
  for (const Variant& variant : variants) {
    const PhysicsIqSummary summary = evaluate_physics_iq(variant.options);
    if (summary.interrupted_by != 0) return;
    const nlohmann::json results = read_json(variant.options.out + "/results.json");
    for (const nlohmann::json& run : results.at("runs")) {
      if (run.at("scores").is_null()) continue;
      const auto percent = [&](const char* key) {
        const nlohmann::json& value = run.at("scores").at(key);
        return value.is_number() ? 100.0 * value.get<double>() : kNaN;
      };
      const double verified = percent("final_score_view");
      const double original = percent("final_score_orig");
      csv.cell(variant.name).cell(run.at("name").get<std::string>()).cell(verified).cell(original);
      csv.end_row();
      table.push_back({{"variant", variant.name},
                       {"run", run.at("name")},
                       {"verified", verified},
                       {"original", original}});
    }
  }
  write_file_atomic(options.out + "/sensitivity.json", dump_json_pretty(Json{{"table", table}}));
  write_file_atomic(options.out + "/sensitivity.csv", csv.text());
}

}  // namespace physprobe

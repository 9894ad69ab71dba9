#include "physprobe/eval/aggregate.h"

#include "physprobe/core/csv.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/statistics/proportion.h"
#include "physprobe/core/statistics/summary.h"
#include "physprobe/eval/json_number.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

const double kNan = std::numeric_limits<double>::quiet_NaN();

/// Per-item numbers of one encoder and tap, in manifest order.
struct TapColumns {
  std::map<std::string, std::vector<double>> columns;
};

struct Measure {
  const char* name;    ///< Score name.
  const char* column;  ///< Key in the item line's tap object ("geophys." prefix = nested).
  const char* condition;
  const char* protocol;
  const char* unit;
  const char* higher_is;
};

const std::vector<Measure>& measures() {
  static const std::vector<Measure> list = {
      {"mean_curvature_deg", "mean_curvature_deg", "clip", "straightening/curvature-1", "deg",
       "more curved"},
      {"mean_curvature_deg", "fade_mean_curvature_deg", "fade", "straightening/curvature-1", "deg",
       "more curved"},
      {"mean_curvature_deg", "shuffled_mean_curvature_deg", "shuffled", "straightening/curvature-1",
       "deg", "more curved"},
      {"mean_curvature_deg", "untrained_mean_curvature_deg", "untrained",
       "straightening/curvature-1", "deg", "more curved"},
      {"henaff_mean_curvature_deg", "henaff_mean_curvature_deg", "clip",
       "straightening/henaff-2019", "deg", "more curved"},
      {"geophys_speed", "geophys.speed", "clip", "geophys/1", "tap units", "less regular"},
      {"geophys_curv", "geophys.curv", "clip", "geophys/1", "rad", "less regular"},
      {"geophys_ang", "geophys.ang", "clip", "geophys/1", "rad", "less regular"},
      {"geophys_accel", "geophys.accel", "clip", "geophys/1", "tap units squared", "less regular"},
      {"geophys_perr", "geophys.perr", "clip", "geophys/1", "tap units", "less regular"}};
  return list;
}

double number_at(const Json& tap, const std::string& column) {
  const Json* value = &tap;
  std::string key = column;
  if (const std::size_t dot = column.find('.'); dot != std::string::npos) {
    value = &tap.at(column.substr(0, dot));
    key = column.substr(dot + 1);
  }
  const auto found = value->find(key);
  return found != value->end() && found->is_number() ? found->get<double>() : kNan;
}

}  // namespace

struct Aggregator::State {
  const Suite& suite;
  const std::vector<EmbeddingJob>& jobs;
  std::vector<std::string> labels;                                  // per item
  std::map<std::string, int64_t> label_counts;                      // sorted: the order of output
  std::map<std::string, std::map<std::string, TapColumns>> values;  // encoder, tap
  std::map<std::string, std::vector<double>> label_agreement;       // encoder: 1, 0 or NaN per item
  int64_t items_with_repeats = 0;
  int64_t items_with_damage = 0;
  int64_t short_items = 0;
  std::vector<std::string> notes;
  Sha256 dataset_digest;

  std::vector<double> selected(const std::vector<double>& column, const std::string& label) const {
    std::vector<double> chosen;
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (label.empty() || labels[i] == label) chosen.push_back(column[i]);
    }
    return chosen;
  }
};

Aggregator::Aggregator(const Suite& suite, const std::vector<EmbeddingJob>& jobs)
    : state_(new State{suite, jobs, {}, {}, {}, {}, 0, 0, 0, {}, {}}) {}
Aggregator::~Aggregator() = default;

void Aggregator::add(const nlohmann::ordered_json& line) {
  State& s = *state_;
  const std::string label = line.at("label").get<std::string>();
  s.labels.push_back(label);
  if (!label.empty()) ++s.label_counts[label];
  s.dataset_digest.update(line.at("id").get<std::string>() + "\n" +
                          line.at("digest").get<std::string>() + "\n");
  const Json& sampling = line.at("sampling");
  if (sampling.at("n_distinct").get<std::size_t>() < sampling.at("indices").size())
    ++s.items_with_repeats;
  if (sampling.at("indices").size() < 3) ++s.short_items;
  if (!line.at("video").at("damage").empty()) ++s.items_with_damage;
  for (const EmbeddingJob& job : s.jobs) {
    if (job.untrained_seed >= 0) continue;
    const Json& encoder = line.at("encoders").at(job.encoder_id);
    for (const std::string& tap : job.taps) {
      const Json& values = encoder.at("taps").at(tap);
      TapColumns& columns = s.values[job.encoder_id][tap];
      for (const Measure& measure : measures()) {
        columns.columns[measure.column].push_back(number_at(values, measure.column));
      }
    }
    double agreement = kNan;
    if (encoder.contains("neighbours") && !encoder["neighbours"].empty() && !label.empty()) {
      agreement = encoder["neighbours"][0].value("label", std::string()) == label ? 1.0 : 0.0;
    }
    s.label_agreement[job.encoder_id].push_back(agreement);
  }
}

void Aggregator::note(const std::string& text) {
  state_->notes.push_back(text);
}

nlohmann::ordered_json Aggregator::results(int64_t items,
                                           int64_t failed,
                                           const std::string& layout) {
  const State& s = *state_;
  std::vector<std::string> label_list = {""};
  if (s.label_counts.size() > 1) {
    for (const auto& [label, count] : s.label_counts) label_list.push_back(label);
  }
  Json encoders = Json::array();
  Json scores = Json::array();
  Json profile = Json::array();
  Json nulls = Json::array();
  std::set<std::string> protocols;
  for (const EmbeddingJob& job : s.jobs) {
    if (job.untrained_seed >= 0) continue;
    const EncoderInfo& info = job.encoder->info();
    Json taps = Json::array();
    for (const std::string& name : job.taps) {
      for (const TapInfo& tap : info.taps) {
        if (tap.name == name)
          taps.push_back(
              Json{{"name", tap.name}, {"width", tap.width}, {"description", tap.description}});
      }
    }
    encoders.push_back(Json{{"id", info.id},
                            {"family", info.family},
                            {"description", info.description},
                            {"weights_digest", info.weights_digest},
                            {"is_verified", info.is_verified},
                            {"preprocess", info.preprocess.canonical()},
                            {"taps", taps},
                            {"retrieval_tap", info.retrieval_tap}});
    const auto found = s.values.find(job.encoder_id);
    const bool has_pixels = s.suite.pixel_null;
    nulls.push_back(Json{
        {"name", "pixels"},
        {"encoder", info.id},
        {"applies", has_pixels},
        {"text", has_pixels ? "the flattened preprocessed input of the same encoder, tap 'pixel'"
                            : "not asked for"}});
    nulls.push_back(Json{
        {"name", "shuffled"},
        {"encoder", info.id},
        {"applies", s.suite.shuffled_null},
        {"text", s.suite.shuffled_null
                     ? fmt::format("the clip's own frames in {} random orders", s.suite.shuffles)
                     : "not asked for"}});
    const bool has_untrained = s.suite.untrained_null && info.has_weights;
    nulls.push_back(Json{
        {"name", "untrained"},
        {"encoder", info.id},
        {"applies", has_untrained},
        {"text", !info.has_weights
                     ? fmt::format("not applicable: {} has no weights that could be drawn anew",
                                   info.family == "exec" ? "the served model says it" : info.family)
                 : has_untrained
                     ? fmt::format("the same architecture with weights drawn from {} seed(s)",
                                   s.suite.untrained_seeds)
                     : "not asked for"}});
    if (found == s.values.end()) continue;
    for (const std::string& tap : job.taps) {
      const TapColumns& columns = found->second.at(tap);
      for (const Measure& measure : measures()) {
        for (const std::string& label : label_list) {
          std::vector<double> defined;
          for (const double value : s.selected(columns.columns.at(measure.column), label)) {
            if (std::isfinite(value)) defined.push_back(value);
          }
          if (defined.empty()) continue;
          protocols.insert(measure.protocol);
          scores.push_back(
              Json{{"name", measure.name},
                   {"protocol", measure.protocol},
                   {"encoder", info.id},
                   {"tap", tap},
                   {"condition", measure.condition},
                   {"label", label},
                   {"value", mean(defined)},
                   {"unit", measure.unit},
                   {"n", defined.size()},
                   {"interval", interval_json(bootstrap_mean(defined, s.suite.statistics))},
                   {"higher_is", measure.higher_is}});
        }
      }
    }
    if (has_pixels) {
      for (const char* condition : {"clip", "fade"}) {
        const std::string column =
            std::string(condition) == "clip" ? "mean_curvature_deg" : "fade_mean_curvature_deg";
        for (const std::string& tap : job.taps) {
          if (tap == "pixel") continue;
          for (const std::string& label : label_list) {
            const LayerProfileRow row =
                layer_profile(tap, s.selected(found->second.at(tap).columns.at(column), label),
                              s.selected(found->second.at("pixel").columns.at(column), label),
                              s.suite.statistics);
            if (row.n == 0) continue;
            profile.push_back(Json{{"encoder", info.id},
                                   {"label", label},
                                   {"condition", condition},
                                   {"tap", row.tap},
                                   {"n", row.n},
                                   {"mean_curvature_deg", finite_or_null(row.mean_curvature_deg)},
                                   {"mean_interval", interval_json(row.mean_interval)},
                                   {"difference_deg", finite_or_null(row.difference_deg)},
                                   {"difference_interval", interval_json(row.difference_interval)},
                                   {"ratio", finite_or_null(row.ratio)},
                                   {"ratio_interval", interval_json(row.ratio_interval)},
                                   {"share_straighter", finite_or_null(row.share_straighter)},
                                   {"share_interval", interval_json(row.share_interval)}});
          }
        }
      }
    }
    // Retrieval: does the nearest other case carry the same label, and how often would a random
    // one?
    std::vector<double> agreement;
    for (const double value : s.label_agreement.at(job.encoder_id)) {
      if (std::isfinite(value)) agreement.push_back(value);
    }
    if (s.label_counts.size() > 1 && !agreement.empty()) {
      const int64_t n = static_cast<int64_t>(agreement.size());
      double total = 0.0;
      for (const auto& [label, count] : s.label_counts) total += static_cast<double>(count);
      double chance = 0.0;
      for (const auto& [label, count] : s.label_counts) {
        chance +=
            static_cast<double>(count) / total * (static_cast<double>(count) - 1.0) / (total - 1.0);
      }
      protocols.insert("memorization/1");
      scores.push_back(Json{{"name", "nearest_case_label_agreement"},
                            {"protocol", "memorization/1"},
                            {"encoder", info.id},
                            {"tap", info.retrieval_tap},
                            {"condition", "clip"},
                            {"label", ""},
                            {"value", mean(agreement)},
                            {"unit", "share"},
                            {"n", n},
                            {"interval", interval_json(wilson_interval(stable_sum(agreement), n,
                                                                       s.suite.statistics.level))},
                            {"higher_is", "more alike"},
                            {"chance", chance}});
    }
  }
  Json notes = s.notes;
  const int64_t ok = static_cast<int64_t>(s.labels.size());
  if (s.items_with_repeats > 0) {
    notes.push_back(
        fmt::format("{} of {} items show the same frame more than once at this sampling rate; each "
                    "repeat is a step of exactly 0 "
                    "and an angle of 90 degrees beside it. Curvature then reads the frame rate as "
                    "well as the content.",
                    s.items_with_repeats, ok));
  }
  if (s.short_items > 0)
    notes.push_back(
        fmt::format("{} of {} items have fewer than 3 samples: no angle is defined for them.",
                    s.short_items, ok));
  if (s.items_with_damage > 0)
    notes.push_back(fmt::format("{} of {} items are damaged and were read as far as they decode.",
                                s.items_with_damage, ok));
  if (failed > 0)
    notes.push_back(
        fmt::format("{} of {} items failed and are in no score; see the failures.", failed, items));

  const Json resolved = [&] {
    Json copy = Json::parse(s.suite.resolved);
    copy["dataset"].erase("path");  // where the data lies is not part of the result
    return copy;
  }();
  return Json{{"schema", 1},
              {"name", s.suite.name},
              {"description", s.suite.description},
              {"counts", Json{{"items", items}, {"ok", ok}, {"failed", failed}}},
              {"dataset", Json{{"layout", layout},
                               {"digest", state_->dataset_digest.hex()},
                               {"labels", s.label_counts}}},
              {"encoders", encoders},
              {"scores", scores},
              {"layer_profile", profile},
              {"nulls", nulls},
              {"notes", notes},
              {"provenance", Json{{"producer", std::string("physprobe ") + version()},
                                  {"suite_digest", suite_digest(s.suite)},
                                  {"protocols", protocols},
                                  {"seed", s.suite.statistics.seed},
                                  {"suite", resolved}}}};
}

std::string scores_csv(const nlohmann::ordered_json& results) {
  CsvWriter csv({"name", "protocol", "encoder", "tap", "condition", "label", "value", "unit", "n",
                 "low", "high", "level", "method", "higher_is"});
  const auto number = [&](const Json& value) {
    if (value.is_number()) {
      csv.cell(value.get<double>());
    } else {
      csv.empty_cell();
    }
  };
  for (const Json& score : results.at("scores")) {
    const Json& interval = score.at("interval");
    for (const char* key : {"name", "protocol", "encoder", "tap", "condition", "label"})
      csv.cell(score.at(key).get<std::string>());
    number(score.at("value"));
    csv.cell(score.at("unit").get<std::string>());
    csv.cell(score.at("n").get<int64_t>());
    for (const char* key : {"low", "high", "level"}) number(interval.at(key));
    csv.cell(interval.at("method").get<std::string>());
    csv.cell(score.at("higher_is").get<std::string>());
    csv.end_row();
  }
  return csv.text();
}

}  // namespace physprobe

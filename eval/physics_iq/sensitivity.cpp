#include "physprobe/eval/physics_iq/sensitivity.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/csv.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <limits>

namespace physprobe {

using Json = nlohmann::ordered_json;

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
        return value.is_number() ? 100.0 * value.get<double>()
                                 : std::numeric_limits<double>::quiet_NaN();
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
  extend_digest_list(options.out, "COMPLETE", {"sensitivity.csv", "sensitivity.json"}, {});
}

std::string format_sensitivity(const std::string& directory) {
  std::string text = "\nunder other settings (verified / original)\n";
  const nlohmann::json sensitivity = read_json(directory + "/sensitivity.json");
  const auto plain = [](const nlohmann::json& value) {
    return value.is_number() ? fmt::format("{:.2f}", value.get<double>()) : std::string("-");
  };
  for (const nlohmann::json& row : sensitivity.at("table"))
    text += fmt::format("  {:<16} {:<28} {:>7} / {:>7}\n", row.at("variant").get<std::string>(),
                        row.at("run").get<std::string>(), plain(row.at("verified")),
                        plain(row.at("original")));
  return text;
}

}  // namespace physprobe

#include "physprobe/report/pair_report.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"
#include "physprobe/report/page.h"
#include "physprobe/report/pair_items.h"
#include "physprobe/report/pair_sections.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::json;

Json read_results(const std::string& directory) {
  const std::string path = directory + "/results.json";
  if (!std::filesystem::exists(path) || !std::filesystem::exists(directory + "/COMPLETE")) {
    throw Error(ErrorKind::kInput, directory,
                "holds no finished scoring (results.json and COMPLETE); score with --out");
  }
  Json results = read_json(path);
  const int64_t schema = results.value("schema", int64_t{0});
  const std::string protocol = results.value("protocol", std::string());
  if (schema != 1 || protocol.rfind("pairs/", 0) != 0) {
    throw Error(ErrorKind::kIncompatible, path,
                fmt::format("schema {}, protocol '{}'; expected schema 1 and a protocol of pairs/",
                            schema, protocol));
  }
  return results;
}

std::string describe_room(const PairItemTable& items) {
  if (items.left_out == 0) {
    return fmt::format(
        "All {} items: what was asked, what the model said, and what both rules make "
        "of it.",
        format_count(items.shown));
  }
  return fmt::format("{} of {} items: the other {} are left out for size and stand in items.jsonl.",
                     format_count(items.shown), format_count(items.shown + items.left_out),
                     format_count(items.left_out));
}

}  // namespace

bool is_pair_run(const std::string& run_directory) {
  try {
    const Json results = read_json(run_directory + "/results.json");
    return results.is_object() && results.value("protocol", std::string()).rfind("pairs/", 0) == 0;
  } catch (const Error&) {
    return false;
  } catch (const Json::exception&) {
    return false;
  }
}

std::string write_pair_report(const std::string& run_directory, const PairReportOptions& options) {
  const Json results = read_results(run_directory);
  const PairItemTable items =
      pair_item_table(run_directory + "/items.jsonl", options.max_item_bytes);
  std::map<std::string, std::string> slots;
  try {
    slots = {{"title", escape_html(results.at("name").get<std::string>()) + " · physprobe report"},
             {"headline", render_pair_headline(results)},
             {"notes", render_pair_notes(results)},
             {"chart", render_pair_chart(results)},
             {"scores", render_pair_scores(results)},
             {"comparisons", render_pair_comparisons(results)},
             {"published", render_published_pairs(results)},
             {"diagnostics", render_pair_diagnostics(results)},
             {"parses", render_disagreeing_parses(results)},
             {"problems", render_pair_problems(results)},
             {"provenance", render_pair_provenance(results)},
             {"room", describe_room(items)},
             {"items", items.json}};
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kInput, run_directory + "/results.json", error.what());
  }
  const std::string path = run_directory + "/report.html";
  write_file_atomic(path, compose_page(slots, pairs_page()));
  return path;
}

}  // namespace physprobe

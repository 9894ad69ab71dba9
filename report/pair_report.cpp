#include "physprobe/report/pair_report.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/report/grouped_sections.h"
#include "physprobe/report/html.h"
#include "physprobe/report/page.h"
#include "physprobe/report/pair_items.h"
#include "physprobe/report/pair_sections.h"
#include "physprobe/report/surprise_sections.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

namespace physprobe {
namespace {

using Json = nlohmann::json;

/// Protocols whose results are scores of pairs or groups, whatever gave the answers.
bool is_pair_protocol(const std::string& protocol) {
  return protocol.rfind("pairs/", 0) == 0 || protocol.rfind("voe/", 0) == 0;
}

Json read_results(const std::string& directory) {
  const std::string path = directory + "/results.json";
  if (!std::filesystem::exists(path) || !std::filesystem::exists(directory + "/COMPLETE")) {
    throw Error(ErrorKind::kInput, directory,
                "holds no finished scoring (results.json and COMPLETE); score with --out");
  }
  Json results = read_json(path);
  const int64_t schema = results.value("schema", int64_t{0});
  const std::string protocol = results.value("protocol", std::string());
  if (schema != 1 || !is_pair_protocol(protocol)) {
    throw Error(
        ErrorKind::kIncompatible, path,
        fmt::format("schema {}, protocol '{}'; expected schema 1 and a protocol of pairs/ or voe/",
                    schema, protocol));
  }
  return results;
}

std::string describe_room(const PairItemTable& items, bool is_grouped) {
  const char* what = is_grouped ? "examples" : "items";
  if (items.left_out == 0) {
    return fmt::format("All {} {}: what was asked and given, and what is made of it.",
                       format_count(items.shown), what);
  }
  return fmt::format("{} of {} {}: the other {} are left out for size and stand in items.jsonl.",
                     format_count(items.shown), format_count(items.shown + items.left_out), what,
                     format_count(items.left_out));
}

std::map<std::string, std::string> pair_slots(const Json& results) {
  return {{"headline", render_pair_headline(results)},
          {"chart", render_pair_chart(results)},
          {"scores", render_pair_scores(results)},
          {"scores_intro",
           "A pair is two videos that differ minimally, with one question and opposite right "
           "answers. It counts when both answers are right; independent guesses reach 25 %, and a "
           "model that does not look at the video at most that. Brackets hold intervals over "
           "pairs."},
          {"published", render_published_pairs(results)},
          {"diagnostics", render_pair_diagnostics(results)},
          {"diagnostics_intro",
           "A model that answers from the text alone gives both videos of a pair the same answer: "
           "single accuracy 50 %, pair accuracy 0 %. With single accuracy s, members that were "
           "answered independently would give a pair accuracy of s²."},
          {"parses_link", "<li><a href=\"#parses\">Parses</a></li>"},
          {"parses",
           "<section id=\"parses\" class=\"part\"><h2>Disagreeing parses</h2><div class=\"body\">" +
               render_disagreeing_parses(results) + "</div></section>"}};
}

std::map<std::string, std::string> grouped_slots(const Json& results) {
  const bool has_own_headline =
      !results.at("models").empty() && results.at("models")[0].contains("headline");
  return {{"headline",
           has_own_headline ? render_surprise_headline(results) : render_grouped_headline(results)},
          {"chart", render_grouped_chart(results)},
          {"scores", render_grouped_scores(results)},
          {"scores_intro", describe_grouped_protocol(results)},
          {"published", render_published_groups(results)},
          {"diagnostics", render_grouped_findings(results)},
          {"diagnostics_intro",
           "A whole that is no better than its parts right independently of each other shows no "
           "understanding of the difference; a part below chance is a shortcut, not noise."},
          {"parses_link", ""},
          {"parses", ""}};
}

}  // namespace

bool is_pair_run(const std::string& run_directory) {
  try {
    const Json results = read_json(run_directory + "/results.json");
    return results.is_object() && is_pair_protocol(results.value("protocol", std::string()));
  } catch (const Error&) {
    return false;
  } catch (const Json::exception&) {
    return false;
  }
}

std::string write_pair_report(const std::string& run_directory, const PairReportOptions& options) {
  const Json results = read_results(run_directory);
  const bool is_grouped = results.contains("kinds");
  const std::string items_path = run_directory + "/items.jsonl";
  const PairItemTable items =
      is_grouped ? grouped_item_table(items_path, results.at("kinds"), options.max_item_bytes)
                 : pair_item_table(items_path, options.max_item_bytes);
  std::map<std::string, std::string> slots;
  try {
    slots = is_grouped ? grouped_slots(results) : pair_slots(results);
    slots["title"] = escape_html(results.at("name").get<std::string>()) + " · physprobe report";
    const SurprisePairCards cards =
        is_grouped ? render_surprise_pairs(run_directory, options.max_pair_bytes)
                   : SurprisePairCards();
    slots["pairs"] = cards.html;
    slots["surprise_spec"] = surprise_chart_spec();
    slots["pairs_link"] = cards.html.empty() ? "" : "<li><a href=\"#pairs\">Pairs</a></li>";
    slots["nulls"] = is_grouped ? render_surprise_nulls(results) : "";
    slots["notes"] = render_pair_notes(results);
    slots["comparisons"] = render_pair_comparisons(results);
    slots["problems"] = render_pair_problems(results);
    slots["provenance"] = render_pair_provenance(results);
    slots["room"] = describe_room(items, is_grouped);
    slots["items"] = items.json;
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kInput, run_directory + "/results.json", error.what());
  }
  const std::string path = run_directory + "/report.html";
  write_file_atomic(path, compose_page(slots, pairs_page()));
  extend_digest_list(run_directory, "COMPLETE", {"report.html"}, {"report.html"});
  return path;
}

}  // namespace physprobe

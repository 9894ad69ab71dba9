#include "physprobe/report/report.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/digest_list.h"
#include "physprobe/core/error.h"
#include "physprobe/report/charts.h"
#include "physprobe/report/headline.h"
#include "physprobe/report/html.h"
#include "physprobe/report/item_card.h"
#include "physprobe/report/item_pages.h"
#include "physprobe/report/item_selection.h"
#include "physprobe/report/media_shelf.h"
#include "physprobe/report/page.h"
#include "physprobe/report/physics_iq_page.h"
#include "physprobe/report/run_files.h"
#include "physprobe/report/sections.h"
#include "physprobe/report/summary_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <set>
#include <unistd.h>
#include <vector>

namespace physprobe {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// Kept free for what is only known at the end: sentences about what was left out, class names of
/// thumbnails.
constexpr int64_t kReserveBytes = 16'384;

/// What a picture or clip adds to a card beside its data and its name (escaped: at most six bytes
/// for one).
constexpr int64_t kPictureBytes = 512;

/// The videos that found room on the page.
struct Embedded {
  std::map<int64_t, Json> lines;  ///< By index into RunFiles::items().
  std::set<int64_t> with_clip;
  int64_t clips_left_out = 0;
};

CardLook look_of(MediaShelf& shelf, bool with_clip) {
  return {[&shelf](const std::string& strip) {
            return Picture{shelf.strip_class(strip), ""};
          },
          [&shelf, with_clip](const std::string& clip) {
            return with_clip ? shelf.data_uri(clip).value_or("") : "";
          }};
}

std::vector<std::string> retrieved_ids(const Json& line) {
  std::vector<std::string> ids;
  for (const auto& [encoder, values] : line.at("encoders").items()) {
    if (!values.contains("neighbours")) continue;
    for (const Json& neighbour : values.at("neighbours"))
      ids.push_back(neighbour.at("id").get<std::string>());
  }
  return ids;
}

/// Gives room on the page in the order of `room_order`: first cards with their strips (an item that
/// does not fit stays in report_data/), then clips, then the pictures of retrieved cases that have
/// no card.
Embedded embed_items(const RunFiles& run,
                     const std::vector<ItemGroup>& groups,
                     int64_t room,
                     MediaShelf& shelf) {
  const std::vector<int64_t> order = room_order(groups);
  const std::set<int64_t> wanted(order.begin(), order.end());
  Embedded embedded;
  run.for_each([&](int64_t item) { return wanted.count(item) > 0; },
               [&](int64_t item, const Json& line) { embedded.lines.emplace(item, line); });
  for (const int64_t item : order) {
    const Json& line = embedded.lines.at(item);
    const std::string& strip = run.items()[static_cast<std::size_t>(item)].strip;
    // Class names and descriptions of pictures come on top of the card rendered without any.
    int64_t cost = static_cast<int64_t>(render_item_card(run, line, look_of(shelf, false)).size()) +
                   kPictureBytes;
    for (const std::string& id : retrieved_ids(line))
      cost += kPictureBytes + 6 * static_cast<int64_t>(id.size());
    if (!strip.empty()) cost += std::max<int64_t>(0, shelf.strip_cost(strip));
    if (cost > room) {
      embedded.lines.erase(item);
      continue;
    }
    room -= cost;
    if (!strip.empty()) shelf.embed_strip(strip);
  }
  for (const int64_t item : order) {
    const auto line = embedded.lines.find(item);
    if (line == embedded.lines.end() || !line->second.at("media").contains("clip")) continue;
    const std::string clip = line->second.at("media").at("clip").get<std::string>();
    const std::string uri = shelf.data_uri(clip).value_or("");
    if (uri.empty()) continue;
    const int64_t cost =
        static_cast<int64_t>(uri.size()) + kPictureBytes +
        6 * static_cast<int64_t>(run.items()[static_cast<std::size_t>(item)].id.size());
    if (cost > room) {
      ++embedded.clips_left_out;
      continue;
    }
    room -= cost;
    embedded.with_clip.insert(item);
  }
  for (const auto& [item, line] : embedded.lines) {
    for (const std::string& id : retrieved_ids(line)) {
      const int64_t neighbour = run.find(id);
      if (neighbour < 0) continue;
      const std::string& strip = run.items()[static_cast<std::size_t>(neighbour)].strip;
      if (strip.empty()) continue;
      const int64_t cost = shelf.strip_cost(strip);
      if (cost <= 0 || cost > room) continue;
      room -= cost;
      shelf.embed_strip(strip);
    }
  }
  return embedded;
}

std::string group_heading(const RunFiles& run, const std::string& key) {
  const std::string tap = bdi(run.ranking().main_tap);
  if (key == "worst")
    return fmt::format(
        "Straightened least <small>curvature at layer {} least below, or furthest above, that of "
        "their pixels</small>",
        tap);
  if (key == "best")
    return fmt::format(
        "Straightened most <small>curvature at layer {} furthest below that of their "
        "pixels</small>",
        tap);
  if (key == "median") return "Around the median <small>by the same difference</small>";
  if (key == "random") return "Drawn at random <small>among the others</small>";
  return "";
}

std::string render_cards(const RunFiles& run,
                         const std::vector<ItemGroup>& groups,
                         const Embedded& embedded,
                         MediaShelf& shelf) {
  std::string html;
  for (const ItemGroup& group : groups) {
    std::string cards;
    for (const int64_t item : group.items) {
      const auto line = embedded.lines.find(item);
      if (line == embedded.lines.end()) continue;
      cards +=
          render_item_card(run, line->second, look_of(shelf, embedded.with_clip.count(item) > 0));
    }
    if (cards.empty()) continue;
    const std::string heading = group_heading(run, group.key);
    html += "<section class=\"group\">" +
            (heading.empty() ? "" : "<h3 class=\"group-name\">" + heading + "</h3>") + cards +
            "</section>";
  }
  return html;
}

std::string describe_room(const RunFiles& run,
                          const Embedded& embedded,
                          const ItemPages& pages,
                          const MediaShelf& shelf) {
  const int64_t shown = static_cast<int64_t>(embedded.lines.size());
  std::string text;
  if (pages.items == 0) {
    text = fmt::format("All {} measured videos are on this page.", format_count(shown));
  } else {
    text = fmt::format(
        "This page holds {} of {} measured videos. The other {} are left out of this file; they "
        "stand in the folder "
        "<code>report_data</code> beside it ({} pages of up to 50) and open here when it is there.",
        format_count(shown), format_count(static_cast<int64_t>(run.items().size())),
        format_count(pages.items), format_count(pages.pages));
  }
  if (embedded.clips_left_out > 0) {
    text +=
        fmt::format(" The clips of {} videos are left out for size; their film strips stand in.",
                    format_count(embedded.clips_left_out));
  }
  if (shelf.missing() > 0)
    text += fmt::format(" {} media files are missing from the run.", format_count(shelf.missing()));
  return text;
}

std::map<std::string, std::string> fixed_slots(const RunFiles& run) {
  return {
      {"title", escape_html(run.results().at("name").get<std::string>()) + " · physprobe report"},
      {"headline", render_headline(run)},
      {"notes", render_notes(run)},
      {"summary", render_summary_table(run)},
      {"nulls", render_nulls(run)},
      {"retrieval", render_retrieval(run)},
      {"layers", render_layer_charts(run)},
      {"difference", render_difference_chart(run)},
      {"scores", render_score_table(run)},
      {"failures", render_failures(run)},
      {"provenance", render_provenance(run)},
      {"angles-spec", angles_chart_spec()},
      {"media-css", ""},
      {"room", ""},
      {"cards", ""},
      {"facts", ""}};
}

/// Puts the finished folder in the place of the old one; an empty one removes it.
void replace_folder(const std::string& fresh, const std::string& target, bool is_empty) {
  std::error_code error;
  const std::string old = temporary_sibling(target);
  if (fs::exists(target)) {
    fs::rename(target, old, error);
    if (error) throw Error(ErrorKind::kResource, target, "cannot be replaced: " + error.message());
  }
  if (!is_empty) {
    fs::rename(fresh, target, error);
    if (error) throw Error(ErrorKind::kResource, target, "cannot be written: " + error.message());
  }
  fs::remove_all(fresh, error);
  fs::remove_all(old, error);
}

/// COMPLETE covers the report from now on.
void seal_report(const std::string& run_directory) {
  std::vector<std::string> files = {"report.html"};
  const std::string data = run_directory + "/report_data";
  if (fs::is_directory(data)) {
    for (const auto& entry : fs::recursive_directory_iterator(data)) {
      if (entry.is_regular_file())
        files.push_back(fs::relative(entry.path(), run_directory).string());
    }
  }
  extend_digest_list(run_directory, "COMPLETE", files, {"report.html", "report_data"});
}

void check_range(const char* field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return;
  throw Error(ErrorKind::kUsage, fmt::format("report.{}", field),
              fmt::format("is {}; allowed: {} to {}", value, low, high));
}

}  // namespace

void ReportOptions::validate() const {
  check_range("max_bytes", max_bytes, 1'000'000, 25'000'000);
  check_range("worst", worst, 0, 1000);
  check_range("best", best, 0, 1000);
  check_range("median", median, 0, 1000);
  check_range("random", random, 0, 1000);
}

std::string write_report(const std::string& run_directory, const ReportOptions& options) {
  options.validate();
  if (is_physics_iq_run(run_directory))
    return write_physics_iq_report(run_directory, options.max_bytes);
  const RunFiles run(run_directory);
  const std::string target = run_directory + "/report_data";
  const std::string fresh = temporary_sibling(target);
  try {
    std::map<std::string, std::string> slots = fixed_slots(run);
    const int64_t room =
        options.max_bytes - kReserveBytes - static_cast<int64_t>(compose_page(slots).size());
    if (room < 0) {
      throw Error(ErrorKind::kUsage, "report.max_bytes",
                  fmt::format("is {}, but the page without any video needs {} more; raise it",
                              options.max_bytes, -room));
    }
    MediaShelf shelf(run_directory);
    const std::vector<ItemGroup> groups = select_items(run.items(), options);
    const Embedded embedded = embed_items(run, groups, room, shelf);
    create_directories(fresh);
    const ItemPages pages = write_item_pages(
        run, [&](int64_t item) { return embedded.lines.count(item) == 0; }, fresh);
    slots["cards"] = render_cards(run, groups, embedded, shelf);
    slots["media-css"] = shelf.css();
    slots["room"] = describe_room(run, embedded, pages, shelf);
    slots["facts"] = script_json(
        {{"paged", pages.items}, {"pages", pages.pages}, {"indexFiles", pages.index_files}});
    const std::string page = compose_page(slots);
    if (static_cast<int64_t>(page.size()) > options.max_bytes) {
      throw Error(
          ErrorKind::kInternal, run_directory,
          fmt::format("the page has {} bytes, more than {}", page.size(), options.max_bytes));
    }
    replace_folder(fresh, target, pages.items == 0);
    write_file_atomic(run_directory + "/report.html", page);
    seal_report(run_directory);
  } catch (const Json::exception& error) {
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    throw Error(ErrorKind::kInput, run_directory + "/results.json",
                fmt::format("is not as docs/run_format.md says: {}", error.what()));
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    throw;
  }
  return run_directory + "/report.html";
}

}  // namespace physprobe

#include "physprobe/report/item_pages.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/report/html.h"
#include "physprobe/report/item_card.h"
#include "physprobe/report/media_shelf.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kItemsPerPage = 50;
constexpr std::size_t kItemsPerIndexFile = 20'000;

/// Collects a call's argument and writes it as a script.
class ScriptFiles {
 public:
  ScriptFiles(std::string directory, std::string stem, std::string function, std::size_t capacity)
      : directory_(std::move(directory)),
        stem_(std::move(stem)),
        function_(std::move(function)),
        capacity_(capacity) {}

  int64_t number() const { return written_ + 1; }
  int64_t written() const { return written_; }

  void add(Json entry) {
    entries_.push_back(std::move(entry));
    if (entries_.size() == capacity_) flush();
  }
  void flush() {
    if (entries_.empty()) return;
    ++written_;
    write_file_atomic(
        fmt::format("{}/{}-{:03}.js", directory_, stem_, written_),
        fmt::format("physprobeReport.{}({},{});\n", function_, written_, script_json(entries_)));
    entries_ = Json::array();
  }

 private:
  std::string directory_, stem_, function_;
  std::size_t capacity_;
  int64_t written_ = 0;
  Json entries_ = Json::array();
};

}  // namespace

ItemPages write_item_pages(const RunFiles& run,
                           const std::function<bool(int64_t)>& is_paged,
                           const std::string& directory) {
  const CardLook look{[](const std::string& strip) {
                        return Picture{"", fmt::format("background-image:url({})",
                                                       MediaShelf::relative_url(strip))};
                      },
                      [](const std::string& clip) { return MediaShelf::relative_url(clip); }};
  ScriptFiles pages(directory, "page", "receivePage", kItemsPerPage);
  ScriptFiles index(directory, "index", "receiveIndex", kItemsPerIndexFile);
  ItemPages written;
  run.for_each(is_paged, [&](int64_t item, const Json& line) {
    const ItemSummary& summary = run.items()[static_cast<std::size_t>(item)];
    index.add(Json::array({summary.id, summary.label, pages.number()}));
    pages.add(render_item_card(run, line, look));
    ++written.items;
  });
  pages.flush();
  index.flush();
  written.pages = pages.written();
  written.index_files = index.written();
  return written;
}

}  // namespace physprobe

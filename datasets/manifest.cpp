#include "physprobe/datasets/manifest.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/utf8.h"
#include "physprobe/datasets/manifest_rows.h"
#include "physprobe/datasets/text_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace physprobe {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 30;

std::string lower_extension(const std::string& path) {
  return case_blind_form(fs::path(path).extension().string());
}

/// `path` itself, or the manifest inside it if it is a folder; "" if there is none.
std::string manifest_file(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path;
  for (const char* name : {"manifest.csv", "manifest.jsonl"}) {
    const fs::path candidate = fs::path(path) / name;
    if (fs::exists(candidate, error)) return candidate.string();
  }
  return "";
}

bool is_json(const std::string& path, std::string_view text) {
  const std::string extension = lower_extension(path);
  if (extension == ".csv") return false;
  if (extension == ".jsonl" || extension == ".ndjson") return true;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

/// The defect of `text` as a whole, "" if it can be read; `line` is where.
std::string examine_text(std::string_view text, int64_t& line) {
  line = 0;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return "is empty; expected a heading and one row per item, or one JSON object a line";
  }
  if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF") {
    return "is UTF-16; save it as UTF-8";
  }
  if (const std::optional<std::size_t> offset = first_invalid_utf8(text)) {
    line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*offset), '\n');
    return fmt::format("is not UTF-8 (byte 0x{:02X}); save the file as UTF-8",
                       static_cast<unsigned char>(text[*offset]));
  }
  return "";
}

}  // namespace

bool is_manifest(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return !manifest_file(path).empty();
  const std::string extension = lower_extension(path);
  return extension == ".csv" || extension == ".jsonl" || extension == ".ndjson";
}

DatasetListing list_manifest(const std::string& path, const DatasetOptions& options) {
  DatasetListing listing;
  const ColumnNames names(options.columns);
  const std::string file = manifest_file(path);
  if (file.empty()) {
    listing.report(0, "is a folder without manifest.csv or manifest.jsonl");
    return listing;
  }
  const std::string bytes = read_file(file, kMaxManifestBytes);
  std::string_view text = bytes;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  int64_t line = 0;
  if (std::string problem = examine_text(text, line); !problem.empty()) {
    listing.report(line, std::move(problem));
    return listing;
  }
  ItemLocator locator(fs::path(file).parent_path().string(), options.allow_outside_root);
  ManifestRows rows(names, locator, listing);
  if (is_json(file, text)) {
    read_json_rows(text, rows);
  } else {
    read_csv_rows(text, file, rows);
  }
  return listing;
}

void ManifestRows::finish(DatasetItem item, bool is_sound) {
  const ItemLocator::Location location =
      is_sound ? locator_.locate(item.relative_path) : ItemLocator::Location();
  if (!location.problem.empty()) {
    listing_.report(item.line, location.problem);
    is_sound = false;
  }
  if (item.start_seconds && item.stop_seconds && !(*item.start_seconds < *item.stop_seconds)) {
    listing_.report(item.line, fmt::format("start_seconds {} is not below stop_seconds {}",
                                           *item.start_seconds, *item.stop_seconds));
    is_sound = false;
  }
  if (!is_sound) {
    listing_.incomplete_pairs.insert(item.pair);
    return;
  }
  item.path = location.path;
  if (item.id.empty()) {
    fs::path name = fs::path(item.relative_path).lexically_normal();
    if (!name.has_filename() && name.has_parent_path()) name = name.parent_path();
    item.id = location.is_directory ? name.string() : name.replace_extension().string();
  }
  listing_.items.push_back(std::move(item));
}

}  // namespace physprobe

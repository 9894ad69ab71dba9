#include "physprobe/memory/store_folder.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

namespace physprobe {

namespace {

constexpr std::string_view kMarker = "{\"format\":\"physprobe-store\",\"schema\":1}\n";

std::string marker_path(const std::string& directory) {
  return directory + "/store.json";
}

/// The number in "seg-NNNNNN.h5", -1 for any other name.
int64_t segment_number(std::string_view name) {
  constexpr std::string_view kPrefix = "seg-";
  constexpr std::string_view kSuffix = ".h5";
  if (name.size() < kPrefix.size() + 6 + kSuffix.size() ||
      name.substr(0, kPrefix.size()) != kPrefix ||
      name.substr(name.size() - kSuffix.size()) != kSuffix) {
    return -1;
  }
  const char* begin = name.data() + kPrefix.size();
  const char* end = name.data() + name.size() - kSuffix.size();
  int64_t number = -1;
  const auto parsed = std::from_chars(begin, end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && number >= 0 ? number : -1;
}

std::vector<SegmentName> list_once(const std::string& directory) {
  std::vector<SegmentName> segments;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::string name = entry->path().filename().string();
    const int64_t number = segment_number(name);
    if (number >= 0) segments.push_back({number, std::move(name)});
  }
  if (failure) {
    throw Error(ErrorKind::kInput, directory, "cannot be listed: " + failure.message());
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentName& a, const SegmentName& b) { return a.number < b.number; });
  return segments;
}

bool has_gap(const std::vector<SegmentName>& segments) {
  return !segments.empty() && segments.back().number + 1 != static_cast<int64_t>(segments.size());
}

}  // namespace

std::string segment_name(int64_t number) {
  return fmt::format("seg-{:06}.h5", number);
}

bool is_store_folder(const std::string& directory) {
  std::error_code ignored;
  return std::filesystem::exists(marker_path(directory), ignored);
}

void create_store_marker(const std::string& directory) {
  if (is_store_folder(directory)) return;
  if (!list_once(directory).empty()) {
    throw Error(ErrorKind::kInput, directory,
                "holds segments but no store.json; restore that file or choose another folder");
  }
  write_file_atomic(marker_path(directory), kMarker);
}

void check_store_marker(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored) || !is_store_folder(directory)) {
    throw Error(ErrorKind::kInput, directory,
                "is not an embedding store (a folder with store.json); check the path");
  }
  const std::string path = marker_path(directory);
  const std::string content = read_file(path, 65536);
  if (content == kMarker) return;
  const auto parsed = nlohmann::json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_object() && parsed.value("format", nlohmann::json()) == "physprobe-store" &&
      parsed.contains("schema") && parsed["schema"].is_number_integer() && parsed["schema"] != 1) {
    throw Error(ErrorKind::kIncompatible, path,
                "has store schema " + parsed["schema"].dump() +
                    ", this version reads 1; use the version that wrote it");
  }
  throw Error(ErrorKind::kInput, path,
              "is damaged, expected exactly " + std::string(kMarker.substr(0, kMarker.size() - 1)) +
                  "; restore it and verify the store");
}

std::vector<SegmentName> list_segments(const std::string& directory) {
  std::vector<SegmentName> segments = list_once(directory);
  while (has_gap(segments)) {
    // Either a segment is missing for good, or this listing raced with a writer: then the next one,
    // cut at the same last number, is longer.
    const int64_t last = segments.back().number;
    std::vector<SegmentName> again = list_once(directory);
    again.erase(std::find_if(again.begin(), again.end(),
                             [last](const SegmentName& segment) { return segment.number > last; }),
                again.end());
    const bool is_stable = again.size() == segments.size();
    segments = std::move(again);
    if (is_stable) break;
  }
  return segments;
}

}  // namespace physprobe

#include "physprobe/datasets/item_checks.h"

#include "physprobe/datasets/text_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace physprobe {

namespace {

/// "line 7" of a manifest, "'a/b.mp4'" of a folder.
std::string place_of(const DatasetItem& item) {
  return item.line > 0 ? fmt::format("line {}", item.line)
                       : fmt::format("'{}'", item.relative_path);
}

bool is_space_or_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F;
}

void check_id_text(const DatasetItem& item, DatasetListing& listing) {
  const std::string& id = item.id;
  const bool has_control =
      std::any_of(id.begin(), id.end(), [](char c) { return c != ' ' && is_space_or_control(c); });
  if (has_control) {
    listing.report(item.line,
                   fmt::format("the id of '{}' contains a control character", item.relative_path));
  } else if (id.empty() || id.front() == ' ' || id.back() == ' ') {
    listing.report(item.line, fmt::format("the id '{}' begins or ends with a space", id));
  }
}

std::string same_name(const DatasetItem& item, const DatasetItem& earlier) {
  if (item.id == earlier.id) {
    return fmt::format("the id '{}' is taken already, by {}{}", item.id, place_of(earlier),
                       item.line == 0 ? fmt::format(" (again: {}); rename one, or list both with "
                                                    "ids in a manifest",
                                                    place_of(item))
                                      : "");
  }
  const bool is_spelling = decomposed_form(item.id) == decomposed_form(earlier.id);
  return fmt::format("the id '{}' differs from '{}' ({}) only in {}; rename one", item.id,
                     earlier.id, place_of(earlier),
                     is_spelling ? "the Unicode spelling of the same letters (composed against "
                                   "decomposed accents)"
                                 : "upper and lower case");
}

void check_ids(DatasetListing& listing) {
  std::unordered_map<std::string, std::size_t> seen;
  seen.reserve(listing.items.size());
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    const DatasetItem& item = listing.items[i];
    check_id_text(item, listing);
    const auto [earlier, is_new] = seen.emplace(case_blind_form(item.id), i);
    if (!is_new) listing.report(item.line, same_name(item, listing.items[earlier->second]));
  }
}

void check_pairs(DatasetListing& listing) {
  struct Members {
    int64_t count = 0;
    std::size_t last = 0;
  };
  std::unordered_map<std::string, Members> pairs;
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    if (listing.items[i].pair.empty()) continue;
    Members& members = pairs[listing.items[i].pair];
    ++members.count;
    members.last = i;
  }
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    const std::string& pair = listing.items[i].pair;
    if (pair.empty() || listing.incomplete_pairs.count(pair) > 0) continue;
    const Members& members = pairs.at(pair);
    if (members.count == 2 || members.last != i) continue;
    listing.report(listing.items[i].line,
                   fmt::format("the pair '{}' has {} member{}; expected exactly two", pair,
                               members.count, members.count == 1 ? "" : "s"));
  }
}

void check_labels(DatasetListing& listing) {
  const std::vector<DatasetItem>& items = listing.items;
  const auto stretch = [&items](std::size_t i) {
    return std::tie(items[i].path, items[i].start_seconds, items[i].stop_seconds);
  };
  const auto hash = [&items](std::size_t i) {
    const std::hash<std::optional<double>> of_time;
    return std::hash<std::string>()(items[i].path) ^ of_time(items[i].start_seconds) * 31 ^
           of_time(items[i].stop_seconds) * 37;
  };
  const auto is_same = [&](std::size_t a, std::size_t b) { return stretch(a) == stretch(b); };
  std::unordered_set<std::size_t, decltype(hash), decltype(is_same)> seen(items.size(), hash,
                                                                          is_same);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].label.empty()) continue;
    const auto [first, is_new] = seen.insert(i);
    const DatasetItem& earlier = items[*first];
    if (is_new || earlier.label == items[i].label) continue;
    listing.report(
        items[i].line,
        fmt::format("'{}' is labelled '{}' here and '{}' by {}; one video has one label",
                    items[i].relative_path, items[i].label, earlier.label, place_of(earlier)));
  }
}

}  // namespace

void check_items(DatasetListing& listing) {
  check_ids(listing);
  check_pairs(listing);
  check_labels(listing);
}

}  // namespace physprobe

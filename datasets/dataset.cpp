#include "physprobe/datasets/dataset.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/datasets/dataset_layout.h"
#include "physprobe/datasets/item_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace physprobe {

namespace {

constexpr const char* kAuto = "auto";
/// An exception's text stays readable; `validate_dataset` returns all.
constexpr std::size_t kMaxListedProblems = 1000;

const DatasetLayout* find_layout(const std::string& path, const std::string& name) {
  for (const DatasetLayout& layout : builtin_layouts()) {
    if (name == kAuto ? layout.recognises(path) : layout.name == name) return &layout;
  }
  if (name == kAuto) return nullptr;
  std::vector<std::string> known = dataset_layouts();
  known.emplace_back(kAuto);
  throw Error(ErrorKind::kUsage, "dataset.layout",
              fmt::format("'{}' is no layout{}", name, did_you_mean(name, known)));
}

DatasetListing list_dataset(const std::string& path,
                            const DatasetOptions& options,
                            std::string& layout_name) {
  DatasetListing listing;
  if (options.limit < 0) {
    throw Error(ErrorKind::kUsage, "dataset.limit",
                fmt::format("is {}; expected 0 (all) or more", options.limit));
  }
  std::error_code error;
  const DatasetLayout* layout = find_layout(path, options.layout);
  if (!std::filesystem::exists(path, error)) {
    listing.report(0, error ? "cannot be opened: " + error.message() : "does not exist");
  } else if (layout == nullptr) {
    listing.report(0,
                   "is neither a folder, a video nor a manifest (.csv, .jsonl); if it is one of "
                   "them under another name, set dataset.layout");
  } else {
    layout_name = layout->name;
    listing = layout->list(path, options);
    check_items(listing);
  }
  std::stable_sort(
      listing.problems.begin(), listing.problems.end(),
      [](const DatasetProblem& a, const DatasetProblem& b) { return a.line < b.line; });
  return listing;
}

std::string problem_text(const DatasetProblem& problem) {
  return problem.line > 0 ? fmt::format("line {}: {}", problem.line, problem.text) : problem.text;
}

std::string all_problems(const std::vector<DatasetProblem>& problems) {
  if (problems.size() == 1) return problem_text(problems.front());
  std::string text = fmt::format("{} problems:", problems.size());
  const std::size_t listed = std::min(problems.size(), kMaxListedProblems);
  for (std::size_t i = 0; i < listed; ++i) text += "\n  " + problem_text(problems[i]);
  if (listed < problems.size()) {
    text += fmt::format("\n  and {} more", problems.size() - listed);
  }
  return text;
}

Dataset make_dataset(const std::string& path,
                     const DatasetOptions& options,
                     std::string layout,
                     DatasetListing& listing) {
  std::vector<DatasetItem>& items = listing.items;
  if (options.limit > 0 && static_cast<std::size_t>(options.limit) < items.size()) {
    items.resize(static_cast<std::size_t>(options.limit));
  }
  return {path, std::move(layout), std::move(items), std::move(listing.left_out),
          std::move(listing.counts)};
}

}  // namespace

Dataset load_dataset(const std::string& path, const DatasetOptions& options) {
  std::string layout;
  DatasetListing listing = list_dataset(path, options, layout);
  if (!listing.problems.empty()) {
    throw Error(ErrorKind::kInput, path, all_problems(listing.problems));
  }
  return make_dataset(path, options, std::move(layout), listing);
}

std::vector<DatasetProblem> validate_dataset(const std::string& path,
                                             const DatasetOptions& options,
                                             Dataset* dataset) {
  std::string layout;
  DatasetListing listing = list_dataset(path, options, layout);
  if (dataset != nullptr) {
    *dataset = make_dataset(path, options, std::move(layout), listing);
  }
  return std::move(listing.problems);
}

std::vector<std::string> dataset_layouts() {
  std::vector<std::string> names;
  for (const DatasetLayout& layout : builtin_layouts()) names.push_back(layout.name);
  return names;
}

std::string recognised_layout(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return "";
  const DatasetLayout* layout = find_layout(path, kAuto);
  return layout == nullptr ? "" : layout->name;
}

std::vector<PublishedLayout> published_layouts() {
  std::vector<PublishedLayout> published;
  for (const DatasetLayout& layout : builtin_layouts()) {
    if (layout.title != nullptr) published.push_back({layout.name, layout.title});
  }
  return published;
}

}  // namespace physprobe

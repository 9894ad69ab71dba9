#pragma once
// A layout is one way a data set can lie on disk. The table in builtin.cpp names them all; adding
// one is a source file and a line there. Internal.

#include "physprobe/datasets/dataset.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// What a layout found: sound items in order, and every defect.
struct DatasetListing {
  std::vector<DatasetItem> items;
  std::vector<DatasetProblem> problems;
  std::vector<std::string> left_out;       ///< Sentences (Dataset::left_out).
  std::vector<DatasetCount> counts;        ///< Of published layouts (Dataset::counts).
  std::set<std::string> incomplete_pairs;  ///< Pairs of rows left out for a defect of their own.

  void report(int64_t line, std::string text) { problems.push_back({line, std::move(text)}); }
};

struct DatasetLayout {
  std::string name;
  /// True if "auto" takes `path` (which exists) for this layout.
  bool (*recognises)(const std::string& path);
  /// Lists the items; reports defects instead of throwing.
  DatasetListing (*list)(const std::string& path, const DatasetOptions& options);
  const char* title = nullptr;  ///< Of a published data set: PublishedLayout::title.
};

/// Every layout, in the order in which "auto" tries them.
const std::vector<DatasetLayout>& builtin_layouts();

}  // namespace physprobe

#pragma once
// What is to be looked at: an immutable list of items with labels and groups, read from a manifest
// or a folder.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace physprobe {

struct DatasetItem {
  std::string id;             ///< Unique; default: the relative path without extension.
  std::string path;           ///< Absolute path of a video file or of a folder of numbered images.
  std::string relative_path;  ///< As listed, relative to the dataset's root; what reports print.
  std::string label, group, pair, source, generator, take, split;  ///< "" if absent.
  std::optional<double> start_seconds;
  std::optional<double> stop_seconds;
  std::map<std::string, std::string> attributes;  ///< Unknown columns, verbatim.
  int64_t line = 0;                               ///< Line of the manifest, 0 for folders.
};

/// A number of a published data set: what was found, and what its publication says.
struct DatasetCount {
  std::string name;
  int64_t found = 0;
  std::optional<int64_t> expected;

  bool holds() const { return !expected || *expected == found; }
};

struct Dataset {
  std::string path;                ///< As given.
  std::string layout;              ///< "videos" (folder), "manifest", or a published one.
  std::vector<DatasetItem> items;  ///< Manifest order, or relative paths in byte order for folders.
  std::vector<std::string> left_out;  ///< What looks like an item of a folder and is none, one
                                      ///< sentence each: pipes, sockets, devices; in a
                                      ///< published layout, files that it does not know.
  std::vector<DatasetCount> counts;   ///< Of published layouts; a part of one loads all the same.
};

struct DatasetOptions {
  std::string layout = "auto";  ///< "auto", "videos", "manifest", or a registered public layout.
  std::map<std::string, std::string>
      columns;  ///< Standard name -> name in the user's manifest (--columns ours=theirs).
  bool allow_outside_root = false;  ///< Accept absolute paths, "..", symlinks leaving the root.
  int64_t limit = 0;                ///< First n items; 0 = all.
  /// InfLevel: only pairs whose evidence is visible without the priming (voe/inflevel.h).
  bool relabelled_subset = false;
  std::string task_list;  ///< IntPhys: file of the test set's task lines; "": the folder's own.
};

/// A defect of a manifest or folder.
struct DatasetProblem {
  int64_t line = 0;  ///< 0 if not about a line.
  std::string text;
};

/// Throws one Error(kInput) that lists every problem with its line (duplicate ids, missing files,
/// paths outside the root, bad numbers, start >= stop, nothing found …). Problems that need
/// decoding are not looked for here.
Dataset load_dataset(const std::string& path, const DatasetOptions& options = {});

/// The same checks without throwing; `dataset`, when not null, receives the items that are sound.
std::vector<DatasetProblem> validate_dataset(const std::string& path,
                                             const DatasetOptions& options,
                                             Dataset* dataset);

/// Names of the layouts `load_dataset` knows, for `physprobe list`.
std::vector<std::string> dataset_layouts();

/// The layout that "auto" takes `path` for; "" if it does not exist or is none.
std::string recognised_layout(const std::string& path);

/// A layout of one published data set, whose counts are known.
struct PublishedLayout {
  std::string name;
  std::string title;  ///< "IntPhys (dev, test): …", for help texts.
};
std::vector<PublishedLayout> published_layouts();

}  // namespace physprobe

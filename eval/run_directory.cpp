#include "physprobe/eval/run_directory.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <unordered_map>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

/// Of run.json and the files beside it. A run of the same schema is continued, whichever version
/// began it.
constexpr int64_t kRunSchema = 1;

/// Lines on their way into an atomic file, written a megabyte at a time.
class BufferedLines {
 public:
  explicit BufferedLines(const std::string& path) : file_(path) {}
  void add(const std::string& line) {
    text_ += line;
    text_ += '\n';
    if (text_.size() >= kFlushBytes) flush();
  }
  void commit() {
    flush();
    file_.commit();
  }

 private:
  static constexpr std::size_t kFlushBytes = std::size_t{1} << 20;
  void flush() {
    file_.write(text_);
    text_.clear();
  }

  AtomicFile file_;
  std::string text_;
};

void remove_path(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw Error(ErrorKind::kResource, path, "cannot be removed: " + error.message());
}

}  // namespace

RunPaths::RunPaths(std::string dir)
    : directory(std::move(dir)),
      run_json(directory + "/run.json"),
      items(directory + "/items.jsonl"),
      failures(directory + "/failures.jsonl"),
      results_json(directory + "/results.json"),
      results_csv(directory + "/results.csv"),
      media(directory + "/media"),
      store(directory + "/store"),
      log(directory + "/log.txt"),
      complete(directory + "/COMPLETE"),
      plan(directory + "/plan.json"),
      report(directory + "/report.html"),
      report_data(directory + "/report_data") {}

std::string media_stem(const std::string& item_id,
                       const std::string& video_digest,
                       const std::string& shown) {
  const std::string digest = sha256_hex(item_id + "\n" + video_digest + "\n" + shown).substr(0, 32);
  return digest.substr(0, 2) + "/" + digest;
}

void refuse_other_run(const RunPaths& paths, const RunIdentity& identity, bool overwrite) {
  if (!fs::exists(paths.run_json)) return;
  const nlohmann::json old = read_json(paths.run_json);
  const int64_t schema = old.value("schema", int64_t{0});
  if (schema != kRunSchema) {
    throw Error(
        ErrorKind::kIncompatible, paths.directory,
        fmt::format("holds a run of schema {} (written by {}), this program writes schema "
                    "{}; choose another --out, or use the version that wrote it",
                    schema, old.value("producer", std::string("another program")), kRunSchema));
  }
  if (overwrite) return;
  const std::string old_digest = old.value("suite_digest", std::string());
  if (old_digest != identity.suite_digest) {
    throw Error(ErrorKind::kUsage, paths.directory,
                fmt::format("holds a run of another configuration ('{}', digest {}); choose "
                            "another --out, or --overwrite to replace it",
                            old.value("name", std::string("?")), old_digest.substr(0, 12)));
  }
  // A data set that was moved may go on under its new path; one that is still there is another one.
  const std::string old_path =
      old.value(nlohmann::json::json_pointer("/suite/dataset/path"), std::string());
  std::error_code ignored;
  if (!old_path.empty() && !identity.dataset_path.empty() && fs::exists(old_path, ignored) &&
      fs::weakly_canonical(old_path, ignored) !=
          fs::weakly_canonical(identity.dataset_path, ignored)) {
    throw Error(ErrorKind::kUsage, paths.directory,
                fmt::format("holds a run over another data set ({}); choose another --out, or "
                            "--overwrite to replace it",
                            old_path));
  }
}

void refuse_run_of_another_kind(const RunPaths& paths, RunKind kind) {
  if (!fs::exists(paths.run_json)) return;
  const nlohmann::json old = read_json(paths.run_json);
  const RunKind found = old.contains("suite_digest") ? RunKind::kSuite
                        : old.contains("views")      ? RunKind::kPhysicsIq
                                                     : RunKind::kPairs;
  if (found == kind) return;
  throw Error(ErrorKind::kUsage, paths.directory,
              fmt::format("holds a run of `physprobe {}` ('{}'); choose another --out",
                          found == RunKind::kSuite       ? "run"
                          : found == RunKind::kPhysicsIq ? "score physics-iq"
                                                         : "score` or `probe surprise",
                          old.value("name", std::string("?"))));
}

void refuse_other_items(const RunPaths& paths, const std::string& ids_digest, bool overwrite) {
  if (overwrite || !fs::exists(paths.plan)) return;
  const nlohmann::json old = read_json(paths.plan);
  if (old.value("dataset_ids_digest", std::string()) == ids_digest) return;
  throw Error(ErrorKind::kUsage, paths.directory,
              fmt::format("holds a run over another list of items ({} then); choose another --out, "
                          "or --overwrite to replace it (embeddings already made are used again)",
                          old.value("dataset_items", int64_t{0})));
}

void prepare_run_directory(const RunPaths& paths, bool overwrite) {
  // First, so that a half-cleared directory never looks finished.
  remove_path(paths.complete);
  if (overwrite) {
    for (const std::string& path :
         {paths.items, paths.failures, paths.results_json, paths.results_csv, paths.plan,
          paths.media, paths.report, paths.report_data}) {
      remove_path(path);
    }
  }
  remove_leftover_temporaries(paths.directory);
  remove_leftover_temporaries_below(paths.media);
}

std::vector<std::string> rewrite_items(
    const std::string& source,
    const std::string& destination,
    const std::vector<std::string>& ids,
    const std::function<void(nlohmann::ordered_json&)>& transform) {
  // Where each item's last complete line starts; the lines themselves stay on disk.
  std::unordered_map<std::string, std::streamoff> offsets;
  {
    std::ifstream in(source, std::ios::binary);
    if (!in) {
      throw Error(ErrorKind::kResource, source,
                  "cannot be opened: " + std::generic_category().message(errno));
    }
    std::string text;
    std::streamoff offset = 0;
    while (std::getline(in, text)) {
      const bool is_whole = !in.eof();
      if (is_whole && !text.empty()) {
        const auto line = nlohmann::json::parse(text, nullptr, false);
        if (!line.is_discarded()) offsets[line.at("id").get<std::string>()] = offset;
      }
      offset += static_cast<std::streamoff>(text.size()) + 1;
    }
  }
  std::vector<std::string> missing;
  std::ifstream in(source, std::ios::binary);
  BufferedLines out(destination);
  std::string text;
  for (const std::string& id : ids) {
    const auto found = offsets.find(id);
    if (found == offsets.end()) {
      missing.push_back(id);
      continue;
    }
    in.clear();
    in.seekg(found->second);
    std::getline(in, text);
    nlohmann::ordered_json line = nlohmann::ordered_json::parse(text);
    transform(line);
    out.add(dump_json(line));
  }
  out.commit();
  return missing;
}

void log_line(const RunPaths& paths, const std::string& text) {
  std::ofstream out(paths.log, std::ios::app);
  out << fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), text);
}

}  // namespace physprobe

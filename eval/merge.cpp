#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/host_facts.h"
#include "physprobe/eval/run.h"
#include "physprobe/eval/run_directory.h"
#include "physprobe/eval/run_finish.h"
#include "physprobe/eval/run_plan.h"
#include "physprobe/eval/run_seal.h"
#include "physprobe/eval/version.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// Directories given, or the shard folders inside a directory that holds them.
std::vector<std::string> shard_folders(const std::vector<std::string>& given) {
  std::vector<std::string> folders;
  for (const std::string& path : given) {
    if (!fs::is_directory(path))
      throw Error(ErrorKind::kInput, path, "is not a directory; expected a shard's run directory");
    if (fs::exists(path + "/plan.json")) {
      folders.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().filename().string().rfind("shard-", 0) == 0)
        inside.push_back(entry.path().string());
    }
    if (inside.empty())
      throw Error(ErrorKind::kInput, path,
                  "holds no plan.json and no shard-… folders; was it written by run --shard?");
    std::sort(inside.begin(), inside.end());
    folders.insert(folders.end(), inside.begin(), inside.end());
  }
  return folders;
}

struct Shards {
  std::vector<std::string> folders;
  std::set<std::string> caches;  // stores that shards shared by --cache
  Json suite;
  std::string layout;
  std::vector<std::string> left_out;
  std::map<int64_t, std::string> id_at;           // position -> id
  std::map<std::string, std::string> failure_of;  // id -> line
};

std::string some(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 10; ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > 10) text += fmt::format(" and {} more", names.size() - 10);
  return text;
}

/// A file of the run's own, keys in the order in which they were written: the digest of the
/// configuration depends on it.
Json read_ordered(const std::string& path) {
  Json json = Json::parse(read_file(path), nullptr, false);
  if (!json.is_object())
    throw Error(ErrorKind::kInput, path, "is damaged; run this shard again with --overwrite");
  return json;
}

Shards read_shards(const std::vector<std::string>& folders) {
  Shards shards;
  shards.folders = folders;
  std::string digest;
  std::string ids;
  std::string producer;
  int64_t total = -1;
  std::vector<std::string> doubled;
  std::vector<std::string> unfinished;
  for (const std::string& folder : folders) {
    const RunPaths paths(folder);
    if (!fs::exists(paths.complete)) {
      unfinished.push_back(folder);
      continue;
    }
    const Json plan = read_ordered(paths.plan);
    const Json run = read_ordered(paths.run_json);
    const std::string cache = run.value("cache", std::string());
    if (!cache.empty()) shards.caches.insert(cache);
    if (digest.empty()) {
      producer = run.at("producer");
      digest = plan.at("suite_digest");
      ids = plan.at("dataset_ids_digest");
      total = plan.at("dataset_items");
      shards.suite = plan.at("suite");
      shards.layout = plan.at("layout");
      shards.left_out = plan.value("left_out", std::vector<std::string>());
    }
    if (plan.at("suite_digest") != digest) {
      throw Error(
          ErrorKind::kIncompatible, folder,
          fmt::format("was run with another configuration than {} (digest {}, expected {}); run it "
                      "again with the same suite",
                      folders.front(), plan.at("suite_digest").get<std::string>().substr(0, 12),
                      digest.substr(0, 12)));
    }
    if (run.at("producer") != producer) {
      throw Error(ErrorKind::kIncompatible, folder,
                  fmt::format("was run with {}, {} with {}; run all shards with one version",
                              run.at("producer").get<std::string>(), folders.front(), producer));
    }
    if (plan.at("dataset_ids_digest") != ids) {
      throw Error(
          ErrorKind::kIncompatible, folder,
          fmt::format("saw another list of items than {}; the data set changed between the shards",
                      folders.front()));
    }
    for (const Json& item : plan.at("items")) {
      const auto [where, is_new] =
          shards.id_at.emplace(item[0].get<int64_t>(), item[1].get<std::string>());
      if (!is_new) doubled.push_back(where->second);
    }
    for_each_json_line(paths.failures, [&](int64_t, const nlohmann::json& line) {
      shards.failure_of[line.at("id").get<std::string>()] =
          dump_json(Json{{"id", line.at("id")},
                         {"path", line.at("path")},
                         {"kind", line.at("kind")},
                         {"message", line.at("message")}});
    });
  }
  if (!unfinished.empty()) {
    throw Error(
        ErrorKind::kInput, unfinished.front(),
        fmt::format(
            "{} shard(s) are not complete: {}; start them again, they continue where they stopped",
            unfinished.size(), some(unfinished)));
  }
  if (!doubled.empty()) {
    throw Error(
        ErrorKind::kInput, folders.front(),
        fmt::format("{} items are in more than one shard: {}", doubled.size(), some(doubled)));
  }
  if (static_cast<int64_t>(shards.id_at.size()) != total) {
    throw Error(
        ErrorKind::kInput, folders.front(),
        fmt::format(
            "the shards hold {} of the data set's {} items; {} are missing: a shard was left out",
            shards.id_at.size(), total, total - static_cast<int64_t>(shards.id_at.size())));
  }
  return shards;
}

void copy_media(const std::string& from, const std::string& to) {
  if (!fs::is_directory(from)) return;
  std::error_code error;
  create_directories(to);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
  if (error)
    throw Error(ErrorKind::kResource, to,
                "media cannot be copied: " + error.message() + "; is the disk full?");
}

/// Adds the records of a shard's own store that are not there yet.
void copy_records(const std::string& from, EmbeddingStore& store) {
  constexpr std::size_t kBatch = 256;
  const auto part = EmbeddingStore::open_reader(from);
  std::vector<StoreRecord> batch;
  part->for_each_key([&](const std::string& key, const std::string&, const std::string&) {
    if (store.contains(key)) return;
    batch.push_back(part->read(key));
    if (batch.size() < kBatch) return;
    store.append(batch);
    batch.clear();
  });
  store.append(batch);
}

/// All shards' item lines one after the other.
void write_lines(const Shards& shards, const std::string& path) {
  std::ofstream lines(path, std::ios::binary);
  for (const std::string& folder : shards.folders) {
    std::ifstream part(RunPaths(folder).items, std::ios::binary);
    for (std::string line; std::getline(part, line);) lines << line << '\n';
    if (part.bad()) throw Error(ErrorKind::kInput, folder, "items.jsonl cannot be read");
  }
  if (!lines.flush())
    throw Error(ErrorKind::kResource, path, "cannot be written; is the disk full?");
}

void refuse_shard_as_output(const std::vector<std::string>& folders, const std::string& out) {
  for (const std::string& folder : folders) {
    if (fs::weakly_canonical(folder) == fs::weakly_canonical(out)) {
      throw Error(ErrorKind::kUsage, "--out",
                  fmt::format("'{}' is one of the shards; name another directory", out));
    }
  }
}

}  // namespace

RunSummary merge_runs(const std::vector<std::string>& shard_directories,
                      const std::string& out,
                      bool overwrite) {
  const Shards shards = read_shards(shard_folders(shard_directories));
  refuse_shard_as_output(shards.folders, out);
  const Suite suite = parse_suite(dump_json(shards.suite), "the shards' configuration");
  const RunPaths paths(out);
  refuse_other_run(paths, {suite_digest(suite), ""}, overwrite);
  const std::vector<EmbeddingJob> jobs = plan_jobs(suite);
  create_directories(paths.directory);
  const DirectoryLock lock(paths.directory);
  prepare_run_directory(paths, overwrite);

  const auto store = EmbeddingStore::open_writer(paths.store);
  const std::string source = temporary_sibling(paths.items);
  write_lines(shards, source);
  for (const std::string& folder : shards.folders) {
    const RunPaths shard(folder);
    copy_media(shard.media, paths.media);
    if (fs::is_directory(shard.store)) copy_records(shard.store, *store);
  }
  std::vector<std::unique_ptr<EmbeddingStore>> stores;
  for (const std::string& cache : shards.caches)
    stores.push_back(EmbeddingStore::open_reader(cache));
  write_file_atomic(paths.run_json,
                    self_sealed_json(Json{{"schema", 1},
                                          {"name", suite.name},
                                          {"producer", std::string("physprobe ") + version()},
                                          {"suite_digest", suite_digest(suite)},
                                          {"suite", shards.suite},
                                          {"merged_from", shards.folders.size()},
                                          {"host", host_facts()}}));
  FinishInput finish{suite, jobs, {}, shards.layout, shards.left_out, {}, {}, 0};
  for (const auto& [position, id] : shards.id_at) {
    finish.ids.push_back(id);
    const auto failure = shards.failure_of.find(id);
    if (failure != shards.failure_of.end()) finish.failures.emplace_back(id, failure->second);
  }
  finish.retrieval_vector = [&](const std::string& key) {
    const auto holder = std::find_if(stores.begin(), stores.end(),
                                     [&](const auto& cache) { return cache->contains(key); });
    const EmbeddingStore& holding = holder == stores.end() ? *store : **holder;
    return holding.read(key, {"retrieval"}).fields.at("retrieval");
  };
  finish_run(paths, source, finish);
  std::error_code ignored;
  fs::remove(source, ignored);

  RunSummary summary;
  summary.directory = out;
  summary.items = static_cast<int64_t>(finish.ids.size());
  summary.failed = static_cast<int64_t>(finish.failures.size());
  summary.ok = summary.items - summary.failed;
  return summary;
}

}  // namespace physprobe

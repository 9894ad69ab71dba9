#include "physprobe/eval/run_directory.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <unordered_map>

namespace physprobe {

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
      plan(directory + "/plan.json") {}

std::string media_stem(const std::string& item_id,
                       const std::string& video_digest,
                       const std::string& shown) {
  const std::string digest = sha256_hex(item_id + "\n" + video_digest + "\n" + shown).substr(0, 32);
  return digest.substr(0, 2) + "/" + digest;
}

void prepare_run_directory(const RunPaths& paths, const std::string& suite_digest, bool overwrite) {
  namespace fs = std::filesystem;
  create_directories(paths.directory);
  if (fs::exists(paths.run_json)) {
    const nlohmann::json old = read_json(paths.run_json);
    const std::string old_digest = old.value("suite_digest", std::string());
    if (old_digest != suite_digest && !overwrite) {
      throw Error(ErrorKind::kUsage, paths.directory,
                  fmt::format("holds a run of another configuration ('{}', digest {}); choose "
                              "another --out, or --overwrite to replace it",
                              old.value("name", std::string("?")), old_digest.substr(0, 12)));
    }
    if (old_digest != suite_digest) {
      // The store is keyed by content, so it may stay; results of the old configuration may not.
      for (const std::string& file :
           {paths.items, paths.failures, paths.results_json, paths.results_csv, paths.plan}) {
        std::error_code ignored;
        fs::remove(file, ignored);
      }
    }
  }
  std::error_code error;
  fs::remove(paths.complete, error);
  if (error)
    throw Error(ErrorKind::kResource, paths.complete, "cannot be removed: " + error.message());
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
  const std::string temporary = temporary_sibling(destination);
  std::vector<std::string> missing;
  {
    std::ifstream in(source, std::ios::binary);
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
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
      out << dump_json(line) << '\n';
    }
    out.close();
    if (!out) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw Error(ErrorKind::kResource, destination, "cannot be written; is the disk full?");
    }
  }
  commit_file(temporary, destination);
  return missing;
}

void log_line(const RunPaths& paths, const std::string& text) {
  std::ofstream out(paths.log, std::ios::app);
  out << fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}\n", fmt::gmtime(std::time(nullptr)), text);
}

}  // namespace physprobe

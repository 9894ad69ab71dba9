#include "physprobe/eval/minimal_pairs/log_files.h"

#include "physprobe/core/error.h"
#include "physprobe/core/text_affix.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSamples = "_samples_";

/// The first line that is not blank, as far as the kind of file is told by it.
nlohmann::json first_object(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  while (std::getline(in, line)) {
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      return nlohmann::json::parse(line, nullptr, false);
  }
  return {};
}

LogFile describe(const std::string& path) {
  LogFile file;
  file.path = path;
  const std::string name = fs::path(path).filename().string();
  const std::string extension = fs::path(path).extension().string();
  const std::size_t samples = name.find(kSamples);
  if (samples != std::string::npos && extension == ".jsonl") {
    const std::size_t start = samples + std::string(kSamples).size();
    file.date = name.substr(0, samples);
    file.task = name.substr(start, name.size() - start - extension.size());
    return file;
  }
  if (extension == ".csv") {
    file.kind = LogKind::kTable;
    return file;
  }
  if (extension == ".parquet" || extension == ".tsv" || extension == ".xlsx") {
    throw Error(ErrorKind::kInput, path,
                fmt::format("is a {} file, which is not read; save it as .csv or .jsonl",
                            extension.substr(1)));
  }
  const nlohmann::json row = first_object(path);
  const auto has = [&](const char* key) { return row.is_object() && row.contains(key); };
  if (has("row_id") && has("model_answer")) {
    file.kind = LogKind::kSubmission;
  } else if (!has("filtered_resps") && !has("resps") && !has("pair_accuracy")) {
    file.kind = LogKind::kTable;
  }
  return file;
}

std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string name_of(const fs::path& folder) {
  const fs::path absolute = fs::absolute(folder).lexically_normal();
  const fs::path name =
      absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename();
  return name.empty() ? "model" : name.string();
}

/// The logs that lie directly in a folder: harness logs, else submissions, else tables.
ModelFiles logs_in(const std::string& folder) {
  ModelFiles model;
  model.model = name_of(folder);
  std::vector<std::string> harness, submissions, tables;
  for (const std::string& path : files_of(folder)) {
    const std::string name = fs::path(path).filename().string();
    if (ends_with(name, "results.json")) model.totals.push_back(path);
    if (ends_with(name, ".csv") && name != "results.csv") tables.push_back(path);
    if (!ends_with(name, ".jsonl")) continue;
    if (name.find(kSamples) != std::string::npos) {
      harness.push_back(path);
    } else if (ends_with(name, "_valid.jsonl")) {
      submissions.push_back(path);
    }
  }
  const auto& chosen = !harness.empty() ? harness : !submissions.empty() ? submissions : tables;
  for (const std::string& path : chosen) model.logs.push_back(describe(path));
  return model;
}

void walk(const std::string& folder, std::vector<ModelFiles>& models) {
  ModelFiles model = logs_in(folder);
  if (!model.logs.empty()) {
    models.push_back(std::move(model));
    return;
  }
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  for (const std::string& sub : folders) walk(sub, models);
}

/// Two runs of one task must not be mixed: both would count, each item twice.
void settle_dates(ModelFiles& model, const LogSearch& search) {
  std::map<std::string, std::vector<LogFile>> by_task;
  std::vector<LogFile> kept;
  for (LogFile& log : model.logs) {
    if (log.task.empty()) {
      kept.push_back(std::move(log));
    } else {
      by_task[log.task].push_back(std::move(log));
    }
  }
  for (auto& [task, logs] : by_task) {
    std::stable_sort(logs.begin(), logs.end(),
                     [](const LogFile& a, const LogFile& b) { return a.date < b.date; });
    if (logs.size() > 1 && !search.latest_only) {
      std::string names;
      for (const LogFile& log : logs) names += "\n  " + log.path;
      throw Error(ErrorKind::kInput, model.model,
                  fmt::format("{} logs of the task '{}'; name the file that is meant, or take the "
                              "latest of each task with --latest:{}",
                              logs.size(), task, names));
    }
    kept.push_back(std::move(logs.back()));
  }
  model.logs = std::move(kept);
}

}  // namespace

std::vector<ModelFiles> find_logs(const std::vector<std::string>& paths, const LogSearch& search) {
  std::vector<ModelFiles> models;
  std::map<std::string, std::size_t> of_files;  // models made of single files, by name
  for (const std::string& given : paths) {
    std::string path = given;
    std::string name;
    const std::size_t equals = given.find('=');
    if (!fs::exists(given) && equals != std::string::npos && equals > 0) {
      name = given.substr(0, equals);
      path = given.substr(equals + 1);
    }
    if (!fs::exists(path)) throw Error(ErrorKind::kInput, path, "does not exist");
    if (fs::is_directory(path)) {
      const std::size_t before = models.size();
      walk(path, models);
      if (models.size() == before) {
        throw Error(
            ErrorKind::kInput, path,
            "holds no log; expected <date>_samples_<task>.jsonl, <subset>_<task>_valid.jsonl "
            "or .csv files, in it or in its sub-folders");
      }
      if (!name.empty() && models.size() == before + 1) models.back().model = name;
      continue;
    }
    if (name.empty()) name = name_of(fs::absolute(path).parent_path());
    const auto [place, is_new] = of_files.emplace(name, models.size());
    if (is_new) models.push_back({name, {}, {}});
    models[place->second].logs.push_back(describe(path));
  }
  std::map<std::string, int> names;
  for (ModelFiles& model : models) {
    settle_dates(model, search);
    if (++names[model.model] > 1) {
      throw Error(ErrorKind::kUsage, model.model,
                  "names two models; give one of them another name with NAME=PATH");
    }
  }
  return models;
}

}  // namespace physprobe

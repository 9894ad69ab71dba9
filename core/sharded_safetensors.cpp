#include "physprobe/core/sharded_safetensors.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <set>

namespace physprobe {

namespace {

constexpr std::size_t kMaxIndexBytes = 100'000'000;
constexpr int kMaxDepth = 64;

/// Parses the index; nlohmann keeps the last of doubled keys, so they are looked for on the way.
nlohmann::json parse_index(const std::string& path) {
  const std::string text = read_file(path, kMaxIndexBytes);
  if (text.find('\0') != std::string::npos) {
    throw Error(ErrorKind::kInput, path, "contains a NUL byte; expected JSON text");
  }
  std::set<std::string> names;
  bool is_inside_map = false;
  const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (depth > kMaxDepth) {
      throw Error(ErrorKind::kInput, path,
                  fmt::format("is nested deeper than {} levels", kMaxDepth));
    }
    if (event == nlohmann::json::parse_event_t::key) {
      const auto& name = value.get_ref<const std::string&>();
      if (depth == 1) is_inside_map = name == "weight_map";
      if (depth == 2 && is_inside_map && !names.insert(name).second) {
        throw Error(ErrorKind::kInput, path, fmt::format("names tensor '{}' twice", name));
      }
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text, check);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, path, std::string("is not valid JSON: ") + error.what());
  }
}

std::filesystem::path shard_path(const std::string& index_path,
                                 const std::filesystem::path& folder,
                                 const std::string& shard) {
  const std::filesystem::path relative(shard);
  bool leaves_folder =
      shard.empty() || relative.is_absolute() || shard.find('\0') != std::string::npos;
  for (const auto& part : relative) leaves_folder = leaves_folder || part == "..";
  if (leaves_folder) {
    throw Error(
        ErrorKind::kInput, index_path,
        fmt::format("names the shard '{}', expected a file inside the index's folder", shard));
  }
  return folder / relative;
}

}  // namespace

std::map<std::string, std::string> read_safetensors_index(const std::string& index_json_path) {
  const nlohmann::json index = parse_index(index_json_path);
  const auto weight_map = index.is_object() ? index.find("weight_map") : index.end();
  if (weight_map == index.end() || !weight_map->is_object()) {
    throw Error(ErrorKind::kInput, index_json_path, "has no object 'weight_map' (tensor -> shard)");
  }
  const auto folder = std::filesystem::absolute(index_json_path).parent_path();
  std::map<std::string, std::string> files;
  std::set<std::string> present;
  for (const auto& [name, shard] : weight_map->items()) {
    if (!shard.is_string()) {
      throw Error(ErrorKind::kInput, index_json_path,
                  fmt::format("gives tensor '{}' a shard that is not a text", name));
    }
    const std::string path =
        shard_path(index_json_path, folder, shard.get_ref<const std::string&>()).string();
    if (present.count(path) == 0) {
      std::error_code failure;
      if (!std::filesystem::is_regular_file(path, failure)) {
        throw Error(
            ErrorKind::kInput, index_json_path,
            fmt::format("names the shard {}, which does not exist; download all shards", path));
      }
      present.insert(path);
    }
    files.emplace(name, path);
  }
  return files;
}

}  // namespace physprobe

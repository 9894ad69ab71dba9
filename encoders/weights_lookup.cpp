#include "physprobe/encoders/weights_lookup.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/encoders/published_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path own_folder() {
  return environment("PHYSPROBE_WEIGHTS");
}

fs::path hugging_face_cache() {
  if (const std::string hub = environment("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  return fs::path(environment("HOME")) / ".cache/huggingface/hub";
}

fs::path torch_cache() {
  const std::string home = environment("TORCH_HOME");
  const fs::path base =
      home.empty() ? fs::path(environment("HOME")) / ".cache/torch" : fs::path(home);
  return base / "hub/checkpoints";
}

bool is_repository(const std::string& name) {
  const std::size_t slash = name.find('/');
  return slash != std::string::npos && slash > 0 && slash + 1 < name.size() &&
         name.find('/', slash + 1) == std::string::npos && name[0] != '.' &&
         name.find("..") == std::string::npos;
}

/// The folder that the cache's "main" points at; "" if there is none.
fs::path snapshot(const fs::path& repository) {
  std::error_code failure;
  const fs::path reference = repository / "refs/main";
  if (!fs::is_regular_file(reference, failure)) return {};
  std::string revision = read_file(reference.string());
  while (!revision.empty() && (revision.back() == '\n' || revision.back() == ' ')) {
    revision.pop_back();
  }
  const fs::path folder = repository / "snapshots" / revision;
  return !revision.empty() && fs::is_directory(folder, failure) ? folder : fs::path();
}

fs::path in_hugging_face_cache(const std::string& name) {
  if (!is_repository(name)) return {};
  std::string folder = "models--" + name;
  folder.replace(folder.find('/'), 1, "--");
  return snapshot(hugging_face_cache() / folder);
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    entries.push_back(entry.path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// `name` in one of the places, "" if it is in none; the places looked at are added to `looked`.
std::string in_places(const std::string& name, std::vector<std::string>& looked) {
  std::error_code failure;
  const auto note = [&](const fs::path& place) {
    if (std::find(looked.begin(), looked.end(), place.string()) == looked.end()) {
      looked.push_back(place.string());
    }
  };
  if (!own_folder().empty()) {
    const fs::path own = own_folder() / name;
    if (fs::exists(own, failure)) return own.string();
    note(own);
  }
  if (const fs::path cached = in_hugging_face_cache(name); !cached.empty()) return cached.string();
  if (is_repository(name)) note(hugging_face_cache());
  if (name.find('/') == std::string::npos) {
    const fs::path cached = torch_cache() / name;
    if (fs::exists(cached, failure)) return cached.string();
    note(torch_cache());
  }
  return "";
}

std::string advice(const std::string& name, const PublishedWeights* published) {
  if (published != nullptr) return how_to_fetch(*published);
  return is_repository(name)
             ? fmt::format(
                   "if it is a model's name, fetch it with `hf download {}` (gated ones "
                   "after accepting their licence there)",
                   name)
             : "give the weights' path";
}

}  // namespace

std::string find_weights(const std::string& name) {
  std::error_code failure;
  if (fs::exists(name, failure)) return name;
  std::vector<std::string> looked = {name};
  if (std::string found = in_places(name, looked); !found.empty()) return found;
  // Another name of the same published model does as well.
  const PublishedWeights* const published = find_published_weights(name);
  if (published != nullptr) {
    for (const std::string other : {published->repository, published->file}) {
      if (other.empty() || other == name) continue;
      if (std::string found = in_places(other, looked); !found.empty()) return found;
    }
  }
  throw Error(ErrorKind::kInput, name,
              fmt::format("does not exist; looked at {}; {}", fmt::join(looked, ", "),
                          advice(name, published)));
}

std::vector<WeightsPlace> list_weights() {
  std::vector<WeightsPlace> places;
  if (!own_folder().empty()) {
    for (const fs::path& entry : sorted_entries(own_folder())) {
      places.push_back({entry.string(), entry.filename().string(), "$PHYSPROBE_WEIGHTS"});
    }
  }
  const std::string start = "models--";
  for (const fs::path& entry : sorted_entries(hugging_face_cache())) {
    std::string name = entry.filename().string();
    if (name.compare(0, start.size(), start) != 0) continue;
    const fs::path folder = snapshot(entry);
    if (folder.empty()) continue;
    name = name.substr(start.size());
    const std::size_t separator = name.find("--");
    if (separator != std::string::npos) name.replace(separator, 2, "/");
    places.push_back({folder.string(), name, "Hugging Face cache"});
  }
  for (const fs::path& entry : sorted_entries(torch_cache())) {
    places.push_back({entry.string(), entry.filename().string(), "torch.hub cache"});
  }
  return places;
}

}  // namespace physprobe

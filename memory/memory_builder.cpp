#include "physprobe/memory/memory_builder.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/nearest_name.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace physprobe {

namespace {

constexpr const char* kField = "retrieval";
constexpr std::size_t kShownOfName = 12;

/// Elements of the record's retrieval vector, -1 if it has none.
int64_t retrieval_size(const EmbeddingStore& store, const std::string& key) {
  for (const FieldLayout& field : store.fields(key)) {
    if (field.name != kField) continue;
    int64_t size = 1;
    for (const int64_t extent : field.shape) size *= extent;
    return size;
  }
  return -1;
}

std::string describe(const RetrievalSpace& space) {
  return fmt::format("{} ({} items, {} numbers each)", space.name.substr(0, kShownOfName),
                     space.ids.size(), space.dimension);
}

}  // namespace

std::vector<RetrievalSpace> retrieval_spaces(const EmbeddingStore& store) {
  struct Growing {
    RetrievalSpace space;
    std::unordered_map<std::string, std::size_t> position_of;
  };
  std::map<std::string, Growing> by_name;
  store.for_each_key([&](const std::string& key, const std::string& id, const std::string& name) {
    const int64_t size = retrieval_size(store, key);
    if (size < 0) return;  // an untrained null keeps no retrieval vector
    Growing& growing = by_name[name];
    RetrievalSpace& space = growing.space;
    const auto [position, is_new] = growing.position_of.emplace(id, space.ids.size());
    if (is_new) {
      space.ids.push_back(id);
      space.keys.push_back(key);
    } else {
      space.keys[position->second] = key;
      ++space.superseded;
    }
    if (space.dimension == 0) space.dimension = size;
  });
  std::vector<RetrievalSpace> spaces;
  for (auto& [name, growing] : by_name) {
    growing.space.name = name;
    spaces.push_back(std::move(growing.space));
  }
  return spaces;
}

RetrievalSpace choose_space(const EmbeddingStore& store,
                            const std::string& subject,
                            const std::string& prefix) {
  std::vector<RetrievalSpace> spaces = retrieval_spaces(store);
  if (spaces.empty()) {
    throw Error(ErrorKind::kInput, subject,
                store.size() == 0 ? "is an empty store; embed something first"
                                  : "holds no retrieval vectors");
  }
  std::string list;
  for (const RetrievalSpace& space : spaces) list += (list.empty() ? "" : ", ") + describe(space);
  const auto is_other = [&prefix](const RetrievalSpace& space) {
    return space.name.compare(0, prefix.size(), prefix) != 0;
  };
  spaces.erase(std::remove_if(spaces.begin(), spaces.end(), is_other), spaces.end());
  if (spaces.size() == 1) return std::move(spaces.front());
  throw Error(ErrorKind::kUsage, subject,
              prefix.empty()
                  ? fmt::format("holds several vector spaces: {}; choose one with --space PREFIX "
                                "(vectors of different encoders are not comparable)",
                                list)
                  : fmt::format("has {} spaces that begin with '{}'; it holds {}",
                                spaces.empty() ? "no" : "several", prefix, list));
}

std::unique_ptr<VisualMemory> build_memory(const EmbeddingStore& store,
                                           const RetrievalSpace& space,
                                           Metric metric,
                                           const std::map<std::string, MemoryCase>& known) {
  auto memory = VisualMemory::create(space.dimension, metric);
  constexpr std::size_t kBlock = 1024;
  for (std::size_t begin = 0; begin < space.ids.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, space.ids.size());
    std::vector<at::Tensor> rows;
    std::vector<MemoryCase> cases;
    for (std::size_t i = begin; i < end; ++i) {
      at::Tensor row = store.read(space.keys[i], {kField}).fields.at(kField).flatten();
      if (row.numel() != space.dimension) {
        throw Error(ErrorKind::kInput, space.ids[i],
                    fmt::format("has {} numbers in its retrieval vector, expected {} as the first "
                                "of its space",
                                row.numel(), space.dimension));
      }
      rows.push_back(row.to(at::kFloat));
      const auto found = known.find(space.ids[i]);
      cases.push_back(found == known.end() ? MemoryCase{space.ids[i], "", ""} : found->second);
    }
    memory->add(at::stack(rows), cases);
  }
  return memory;
}

at::Tensor retrieval_vector(const EmbeddingStore& store,
                            const RetrievalSpace& space,
                            const std::string& id) {
  const auto found = std::find(space.ids.begin(), space.ids.end(), id);
  if (found == space.ids.end()) {
    throw Error(ErrorKind::kUsage, id,
                "is not among the stored items" + did_you_mean(id, space.ids));
  }
  const std::string& key = space.keys[static_cast<std::size_t>(found - space.ids.begin())];
  return store.read(key, {kField}).fields.at(kField).flatten().to(at::kFloat).unsqueeze(0);
}

std::string source_digest(const EmbeddingStore& store, const RetrievalSpace& space) {
  return sha256_hex(store.content_digest() + "\n" + space.name);
}

}  // namespace physprobe

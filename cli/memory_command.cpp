#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/memory/array_file.h"
#include "physprobe/memory/visual_memory.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <set>

namespace physprobe {
namespace {

struct MemoryFlags {
  CommonFlags common;
  std::string store;
  std::string index;
  std::string space;
  std::string metric = "cosine";
  std::string id;
  std::string vectors;
  int64_t k = 10;
};

/// The space to index: the only one, or the one named.
std::string chosen_space(const EmbeddingStore& store, const MemoryFlags& flags) {
  std::set<std::string> spaces;
  store.for_each_key([&](const std::string&, const std::string&, const std::string& space) {
    spaces.insert(space);
  });
  std::vector<std::string> matching;
  for (const std::string& space : spaces) {
    if (space.rfind(flags.space, 0) == 0) matching.push_back(space);
  }
  if (matching.size() == 1) return matching.front();
  std::string list;
  for (const std::string& space : spaces) list += (list.empty() ? "" : ", ") + space.substr(0, 12);
  throw Error(ErrorKind::kUsage, flags.store,
              fmt::format("holds {} vector spaces ({}); choose one with --space PREFIX (vectors of "
                          "different encoders are not comparable)",
                          spaces.size(), list));
}

std::unique_ptr<VisualMemory> build(const MemoryFlags& flags, const EmbeddingStore& store) {
  const std::string space = chosen_space(store, flags);
  std::vector<at::Tensor> vectors;
  std::vector<MemoryCase> cases;
  std::set<std::string> seen;
  store.for_each_key([&](const std::string& key, const std::string& item, const std::string& of) {
    if (of != space || !seen.insert(item).second) return;
    StoreRecord record = store.read(key, {"retrieval"});
    if (record.fields.count("retrieval") == 0)
      return;  // an untrained null keeps no retrieval vector
    vectors.push_back(record.fields.at("retrieval"));
    cases.push_back({item, "", ""});
  });
  if (vectors.empty())
    throw Error(ErrorKind::kInput, flags.store, "holds no retrieval vectors in this space");
  auto memory = VisualMemory::create(vectors.front().numel(), metric_from_name(flags.metric));
  memory->add(at::stack(vectors), cases);
  return memory;
}

int build_index(const MemoryFlags& flags, Invocation& invocation) {
  const auto store = EmbeddingStore::open_reader(flags.store);
  const auto memory = build(flags, *store);
  memory->save(flags.index, store->content_digest());
  if (flags.common.json) {
    invocation.out << dump_json_pretty(nlohmann::ordered_json{
        {"index", flags.index}, {"cases", memory->size()}, {"dimension", memory->dimension()}});
  } else {
    invocation.out << fmt::format("{} cases of dimension {} indexed in {}\n", memory->size(),
                                  memory->dimension(), flags.index);
  }
  return 0;
}

/// Query vectors (Q, D) with their names, from a stored item or a file.
MemoryQuery read_query(const MemoryFlags& flags,
                       const EmbeddingStore& store,
                       const VisualMemory& memory) {
  MemoryQuery query;
  query.k = flags.k;
  query.threads = flags.common.threads;
  std::vector<at::Tensor> rows;
  if (!flags.id.empty()) {
    const std::string space = chosen_space(store, flags);
    store.for_each_key([&](const std::string& key, const std::string& item, const std::string& of) {
      if (of != space || item != flags.id || !rows.empty()) return;
      StoreRecord record = store.read(key, {"retrieval"});
      if (record.fields.count("retrieval") != 0) rows.push_back(record.fields.at("retrieval"));
    });
    if (rows.empty())
      throw Error(ErrorKind::kUsage, "--id",
                  fmt::format("'{}' is not in {}", flags.id, flags.store));
    query.ids = {flags.id};
  } else {
    for_each_trajectory(flags.vectors, {}, [&](const std::string& name, const at::Tensor& matrix) {
      for (int64_t i = 0; i < matrix.size(0); ++i) {
        rows.push_back(matrix[i].to(at::kFloat));
        query.ids.push_back(fmt::format("{}[{}]", name, i));
      }
    });
  }
  query.vectors = at::stack(rows).contiguous();
  if (query.vectors.size(1) != memory.dimension()) {
    throw Error(ErrorKind::kIncompatible, flags.vectors,
                fmt::format("has {} numbers a vector, the memory has {}", query.vectors.size(1),
                            memory.dimension()));
  }
  return query;
}

int search(const MemoryFlags& flags, Invocation& invocation) {
  if (flags.id.empty() == flags.vectors.empty())
    throw Error(ErrorKind::kUsage, "memory search", "give either --id ITEM or --vectors FILE");
  const auto store = EmbeddingStore::open_reader(flags.store);
  std::unique_ptr<VisualMemory> memory;
  if (!flags.index.empty() && std::filesystem::exists(flags.index)) {
    try {
      memory = VisualMemory::load(flags.index, store->content_digest());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kIncompatible) throw;
      invocation.err << "note: " << error.what() << "; the index is rebuilt from the store\n";
    }
  }
  if (!memory) memory = build(flags, *store);
  const MemoryQuery query = read_query(flags, *store, *memory);
  const Neighbours found = memory->search(query);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (std::size_t q = 0; q < found.ids.size(); ++q) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    if (!flags.common.json) invocation.out << query.ids[q] << "\n";
    for (std::size_t i = 0; i < found.ids[q].size(); ++i) {
      list.push_back({{"id", found.ids[q][i]}, {"distance", found.distances[q][i]}});
      if (!flags.common.json)
        invocation.out << fmt::format("  {:>3}  {:<10.6g}  {}\n", i + 1, found.distances[q][i],
                                      found.ids[q][i]);
    }
    json.push_back({{"query", query.ids[q]}, {"neighbours", list}});
  }
  if (flags.common.json) invocation.out << dump_json_pretty(json);
  return 0;
}

}  // namespace

void add_memory_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("memory", "Nearest stored cases: build and search the visual memory");
  command->require_subcommand(1);
  auto flags = std::make_shared<MemoryFlags>();
  const auto common = [flags](CLI::App& sub) {
    sub.add_option("store", flags->store, "Embedding store (RUN/store, or what embed wrote)")
        ->required();
    sub.add_option("--space", flags->space,
                   "Vector space (prefix of its name) when the store holds several");
    sub.add_option("--metric", flags->metric, "cosine, ip or l2")->capture_default_str();
    flags->common.add_json(sub);
    flags->common.add_execution(sub);
  };
  CLI::App* build_command = command->add_subcommand("build", "Write an index file over a store");
  common(*build_command);
  build_command->add_option("--index", flags->index, "Index file to write")->required();
  build_command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return build_index(*flags, invocation); };
  });
  CLI::App* search_command = command->add_subcommand(
      "search", "Print the k nearest cases of an item or of your own vectors");
  common(*search_command);
  search_command->add_option("--index", flags->index,
                             "Index file; used when it belongs to the store's present content");
  search_command->add_option("--id", flags->id,
                             "Query with this stored item (it is left out of its own result)");
  search_command->add_option("--vectors", flags->vectors,
                             "Query with the rows of these arrays (.safetensors, .npy, .npz, .h5)");
  search_command->add_option("-k", flags->k, "How many")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  search_command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return search(*flags, invocation); };
  });
}

}  // namespace physprobe

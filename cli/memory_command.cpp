#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/memory/array_file.h"
#include "physprobe/memory/memory_builder.h"
#include "physprobe/memory/visual_memory.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct MemoryFlags {
  CommonFlags common;
  std::string store;
  std::string index;
  std::string space;
  std::string metric;  ///< Empty: as the index says, else cosine.
  std::string dataset;
  std::string id;
  std::string vectors;
  std::string exclude;  ///< Empty: item with --id, none with --vectors.
  std::string out;
  int64_t k = 10;
};

/// Groups and labels by item id, from the data set the store was made from.
std::map<std::string, MemoryCase> known_cases(const std::string& dataset) {
  std::map<std::string, MemoryCase> known;
  if (dataset.empty()) return known;
  for (const DatasetItem& item : load_dataset(dataset).items) {
    known[item.id] = {item.id, item.group, item.label};
  }
  return known;
}

std::unique_ptr<VisualMemory> build(const MemoryFlags& flags,
                                    const EmbeddingStore& store,
                                    const RetrievalSpace& space,
                                    std::ostream& err) {
  const std::map<std::string, MemoryCase> known = known_cases(flags.dataset);
  if (space.superseded > 0 && !flags.common.quiet) {
    err << fmt::format("note: {} records have a later one of the same item, which is used\n",
                       space.superseded);
  }
  if (!known.empty() && !flags.common.quiet) {
    const auto unknown = std::count_if(space.ids.begin(), space.ids.end(),
                                       [&](const auto& id) { return known.count(id) == 0; });
    if (unknown > 0) {
      err << fmt::format("note: {} of {} stored items are not in {}; they have no group or label\n",
                         unknown, space.ids.size(), flags.dataset);
    }
  }
  return build_memory(store, space,
                      metric_from_name(flags.metric.empty() ? "cosine" : flags.metric), known);
}

int build_index(const MemoryFlags& flags, Invocation& invocation) {
  const auto store = EmbeddingStore::open_reader(flags.store);
  const RetrievalSpace space = choose_space(*store, flags.store, flags.space);
  const auto memory = build(flags, *store, space, invocation.err);
  memory->save(flags.index, source_digest(*store, space));
  if (flags.common.json) {
    invocation.out << dump_json_pretty(Json{{"index", flags.index},
                                            {"cases", memory->size()},
                                            {"dimension", memory->dimension()},
                                            {"metric", metric_name(memory->metric())},
                                            {"space", space.name}});
  } else {
    invocation.out << fmt::format("{} cases of dimension {} indexed in {}\n", memory->size(),
                                  memory->dimension(), flags.index);
  }
  return 0;
}

/// The index if it belongs to the store's present content, else a memory built from the store: an
/// index is a cache, never a source.
std::unique_ptr<VisualMemory> load_or_build(const MemoryFlags& flags,
                                            const EmbeddingStore& store,
                                            const RetrievalSpace& space,
                                            std::ostream& err) {
  if (flags.index.empty()) return build(flags, store, space, err);
  std::string why;
  try {
    auto memory = VisualMemory::load(flags.index, source_digest(store, space));
    if (flags.metric.empty() || metric_from_name(flags.metric) == memory->metric()) {
      if (!flags.dataset.empty()) {
        throw Error(ErrorKind::kUsage, "--dataset",
                    "belongs to `memory build`: the index keeps the groups and labels it was built "
                    "with");
      }
      return memory;
    }
    why =
        fmt::format("{}: was built with the metric {}", flags.index, metric_name(memory->metric()));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kIncompatible && error.kind() != ErrorKind::kInput) throw;
    why = error.what();
  }
  if (!flags.common.quiet) err << "note: " << why << "; searching the store itself\n";
  return build(flags, store, space, err);
}

/// A stored item as the query; it and, if asked, its group are left out of the result.
MemoryQuery stored_query(const MemoryFlags& flags,
                         const EmbeddingStore& store,
                         const RetrievalSpace& space,
                         const VisualMemory& memory) {
  MemoryQuery query;
  query.vectors = retrieval_vector(store, space, flags.id);
  query.ids = {flags.id};
  query.exclude = exclude_from_name(flags.exclude.empty() ? "item" : flags.exclude);
  if (query.exclude != Exclude::kGroup) return query;
  const std::vector<MemoryCase>& cases = memory.cases();
  const auto own = std::find_if(cases.begin(), cases.end(),
                                [&](const MemoryCase& item) { return item.id == flags.id; });
  if (own == cases.end() || own->group.empty()) {
    throw Error(ErrorKind::kUsage, flags.id,
                "has no group to leave out; name a manifest with the column group by --dataset");
  }
  query.groups = {own->group};
  return query;
}

/// The rows of the user's arrays as queries; they have no ids in the store.
MemoryQuery own_query(const MemoryFlags& flags, const VisualMemory& memory) {
  if (!flags.exclude.empty() && flags.exclude != "none") {
    throw Error(ErrorKind::kUsage, "--exclude",
                fmt::format("is '{}', but own vectors are no stored items; use it with --id",
                            flags.exclude));
  }
  MemoryQuery query;
  query.exclude = Exclude::kNothing;
  std::vector<at::Tensor> rows;
  for_each_trajectory(flags.vectors, {}, [&](const std::string& name, const at::Tensor& matrix) {
    if (matrix.size(1) != memory.dimension()) {
      throw Error(ErrorKind::kIncompatible, flags.vectors,
                  fmt::format("'{}' has {} numbers a vector, the memory has {}", name,
                              matrix.size(1), memory.dimension()));
    }
    rows.push_back(matrix.to(at::kFloat));
    for (int64_t i = 0; i < matrix.size(0); ++i) {
      query.ids.push_back(fmt::format("{}[{}]", name, i));
    }
  });
  query.vectors = at::cat(rows).contiguous();
  return query;
}

Json neighbours_json(const Neighbours& found,
                     const std::vector<std::string>& queries,
                     const VisualMemory& memory) {
  std::map<std::string, const MemoryCase*> by_id;
  for (const MemoryCase& item : memory.cases()) by_id[item.id] = &item;
  Json json = Json::array();
  for (std::size_t q = 0; q < found.ids.size(); ++q) {
    Json list = Json::array();
    for (std::size_t i = 0; i < found.ids[q].size(); ++i) {
      const MemoryCase& item = *by_id.at(found.ids[q][i]);
      Json entry{{"id", item.id}, {"distance", found.distances[q][i]}};
      if (!item.group.empty()) entry["group"] = item.group;
      if (!item.label.empty()) entry["label"] = item.label;
      list.push_back(entry);
    }
    json.push_back({{"query", queries[q]}, {"neighbours", list}});
  }
  return json;
}

int search(const MemoryFlags& flags, Invocation& invocation) {
  if (flags.id.empty() == flags.vectors.empty())
    throw Error(ErrorKind::kUsage, "memory search", "give either --id ITEM or --vectors FILE");
  const auto store = EmbeddingStore::open_reader(flags.store);
  const RetrievalSpace space = choose_space(*store, flags.store, flags.space);
  const auto memory = load_or_build(flags, *store, space, invocation.err);
  MemoryQuery query =
      flags.id.empty() ? own_query(flags, *memory) : stored_query(flags, *store, space, *memory);
  query.k = flags.k;
  query.threads = flags.common.threads;
  const Json json = neighbours_json(memory->search(query), query.ids, *memory);
  if (flags.common.json) {
    invocation.out << dump_json_pretty(json);
    return 0;
  }
  for (const Json& one : json) {
    invocation.out << one["query"].get<std::string>() << "\n";
    int64_t rank = 0;
    for (const Json& entry : one["neighbours"]) {
      invocation.out << fmt::format("  {:>3}  {:<10.6g}  {}{}\n", ++rank,
                                    entry["distance"].get<double>(), entry["id"].get<std::string>(),
                                    entry.contains("label")
                                        ? "  (" + entry["label"].get<std::string>() + ")"
                                        : std::string());
    }
  }
  return 0;
}

int compact(const MemoryFlags& flags, Invocation& invocation) {
  const auto store = EmbeddingStore::open_reader(flags.store);
  store->compact_to(flags.out);
  if (flags.common.json) {
    invocation.out << dump_json_pretty(Json{{"file", flags.out},
                                            {"records", store->size()},
                                            {"content_digest", store->content_digest()}});
  } else {
    invocation.out << fmt::format("{} records written to {}\n", store->size(), flags.out);
  }
  return 0;
}

void add_store(CLI::App& sub, MemoryFlags& flags) {
  sub.add_option("store", flags.store, "Embedding store (RUN/store, or what embed wrote)")
      ->required();
  flags.common.add_json(sub);
}

void add_indexing(CLI::App& sub, MemoryFlags& flags) {
  sub.add_option("--space", flags.space,
                 "Vector space (prefix of its name) when the store holds several");
  sub.add_option("--metric", flags.metric, "cosine (default), ip or l2");
  sub.add_option("--dataset", flags.dataset,
                 "Manifest or folder that gives the items' groups and labels");
  flags.common.add_execution(sub);
}

}  // namespace

void add_memory_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("memory", "Nearest stored cases: build and search the visual memory");
  command->require_subcommand(1);
  auto flags = std::make_shared<MemoryFlags>();

  CLI::App* build_command = command->add_subcommand("build", "Write an index file over a store");
  add_store(*build_command, *flags);
  add_indexing(*build_command, *flags);
  build_command->add_option("--index", flags->index, "Index file to write")->required();
  build_command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return build_index(*flags, invocation); };
  });

  CLI::App* search_command = command->add_subcommand(
      "search", "Print the k nearest cases of an item or of your own vectors");
  add_store(*search_command, *flags);
  add_indexing(*search_command, *flags);
  search_command->add_option("--index", flags->index,
                             "Index file; used when it belongs to the store's present content");
  search_command->add_option("--id", flags->id, "Query with this stored item");
  search_command->add_option("--vectors", flags->vectors,
                             "Query with the rows of these (Q,D) arrays (.safetensors, .npy, .npz, "
                             ".h5)");
  search_command->add_option("--exclude", flags->exclude,
                             "Left out of an item's result: none, item (default) or group");
  search_command->add_option("-k", flags->k, "How many")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  search_command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return search(*flags, invocation); };
  });

  CLI::App* compact_command =
      command->add_subcommand("compact", "Write a whole store into one file, for export");
  add_store(*compact_command, *flags);
  compact_command->add_option("--out", flags->out, "File to write")->required();
  compact_command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return compact(*flags, invocation); };
  });
}

}  // namespace physprobe

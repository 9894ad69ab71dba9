#include "physprobe/cli/command.h"
#include "physprobe/cli/inspect_weights_command.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/eval/run.h"
#include "physprobe/memory/array_file.h"
#include "physprobe/memory/embedding_store.h"
#include "physprobe/video/video_reader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

template <typename Value>
Json optional_json(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json inspect_video(const std::string& path) {
  VideoOptions options;
  options.allow_truncated = true;  // inspection says what is wrong instead of refusing
  const auto reader = VideoReader::open(path, options);
  const VideoInfo& info = reader->info();
  return Json{{"kind", "video"},
              {"container", info.container},
              {"codec", info.codec},
              {"pixel_format", info.pixel_format},
              {"width", info.width},
              {"height", info.height},
              {"rotation_degrees", info.rotation_degrees},
              {"bit_depth", info.bit_depth},
              {"frame_count", info.frame_count},
              {"header_frame_count", optional_json(info.header_frame_count)},
              {"begin_seconds", info.begin_seconds},
              {"end_seconds", info.end_seconds},
              {"header_duration_seconds", optional_json(info.header_duration_seconds)},
              {"fps", info.fps},
              {"header_fps", optional_json(info.header_fps)},
              {"is_variable_rate", info.is_variable_rate},
              {"damage", info.damage}};
}

Json inspect_safetensors(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  Json tensors = Json::array();
  for (const TensorEntry& entry : file.entries())
    tensors.push_back(Json{{"name", entry.name}, {"dtype", entry.dtype}, {"shape", entry.shape}});
  return Json{{"kind", "safetensors"}, {"metadata", file.metadata()}, {"tensors", tensors}};
}

Json inspect_arrays(const std::string& path) {
  Json arrays = Json::array();
  for (const ArrayDescription& array : list_arrays(path))
    arrays.push_back(Json{{"name", array.name}, {"dtype", array.type}, {"shape", array.shape}});
  return Json{{"kind", "arrays"}, {"arrays", arrays}};
}

Json inspect_store(const std::string& path) {
  const auto store = EmbeddingStore::open_reader(path);
  std::map<std::string, int64_t> spaces;
  store->for_each_key(
      [&](const std::string&, const std::string&, const std::string& space) { ++spaces[space]; });
  return Json{{"kind", "store"},
              {"records", store->size()},
              {"spaces", spaces},
              {"content_digest", store->content_digest()}};
}

/// A store that lost its store.json says so itself.
bool holds_segments(const std::string& folder) {
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) {
                       return entry.path().filename().string().rfind("seg-", 0) == 0;
                     });
}

Json inspect(const std::string& path) {
  if (fs::is_directory(path)) {
    if (fs::exists(path + "/results.json")) {
      Json results = Json::parse(read_file(path + "/results.json"));
      return Json{{"kind", "run"},
                  {"name", results["name"]},
                  {"counts", results["counts"]},
                  {"notes", results["notes"]},
                  {"provenance", results["provenance"]}};
    }
    if (fs::exists(path + "/run.json")) {
      const Json run = Json::parse(read_file(path + "/run.json"), nullptr, false);
      return Json{{"kind", "unfinished run"},
                  {"name", run.is_object() ? run.value("name", std::string()) : std::string()},
                  {"notes",
                   {"the run was interrupted or is still going on; start the same command "
                    "again to continue"}}};
    }
    if (is_image_sequence(path)) return inspect_video(path);
    if (!fs::exists(path + "/store.json") && !holds_segments(path)) {
      throw Error(ErrorKind::kInput, path,
                  "is a folder without anything known: no finished or begun run (results.json, "
                  "run.json), no store (store.json), no numbered images; `physprobe validate "
                  "dataset` looks into a data set");
    }
    return inspect_store(path);
  }
  const std::string extension = fs::path(path).extension().string();
  if (extension == ".safetensors") return inspect_safetensors(path);
  if (extension == ".h5" || extension == ".hdf5") {
    return is_store_export(path) ? inspect_store(path) : inspect_arrays(path);
  }
  if (extension == ".npy" || extension == ".npz") return inspect_arrays(path);
  if (extension == ".csv" || extension == ".jsonl") {
    throw Error(ErrorKind::kInput, path,
                "is a table; `physprobe validate dataset` looks into a manifest");
  }
  return inspect_video(path);
}

/// Checkpoints of torch.save; safetensors files hold arrays of any kind.
bool is_checkpoint_name(const std::string& path) {
  const std::string extension = fs::path(path).extension().string();
  return fs::is_regular_file(path) &&
         (extension == ".pth" || extension == ".pt" || extension == ".bin" || extension == ".tar");
}

void print(const Json& value, const std::string& prefix, std::ostream& out) {
  for (const auto& [key, entry] : value.items()) {
    if (entry.is_object() && !entry.empty()) {
      print(entry, prefix + key + ".", out);
    } else if (entry.is_array() && !entry.empty() && entry[0].is_object()) {
      for (const Json& row : entry) out << prefix << key << ": " << dump_json(row) << "\n";
    } else {
      out << prefix << key << ": "
          << (entry.is_string() ? entry.get<std::string>() : dump_json(entry)) << "\n";
    }
  }
}

}  // namespace

void add_inspect_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "inspect", "Say what a video, image folder, array or weights file, store or run holds");
  struct Flags {
    std::string path;
    CommonFlags common;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("path", flags->path, "What to look at");
  add_inspect_weights_command(*command, invocation);
  flags->common.add_json(*command);
  command->callback([command, flags, &invocation] {
    if (!command->get_subcommands().empty()) return;
    if (flags->path.empty()) throw CLI::RequiredError("path");
    invocation.action = [flags, &invocation] {
      if (is_checkpoint_name(flags->path)) {
        print_weights(flags->path, {}, flags->common.json, invocation.out);
        return 0;
      }
      const Json facts = inspect(flags->path);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(facts);
      } else {
        print(facts, "", invocation.out);
      }
      return 0;
    };
  });
}

}  // namespace physprobe

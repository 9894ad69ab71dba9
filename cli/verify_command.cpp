#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/run_seal.h"
#include "physprobe/memory/embedding_store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace physprobe {
namespace {

/// Problems of a run directory or a store.
std::vector<std::string> findings(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path))
    throw Error(ErrorKind::kInput, path, "does not exist; name a run's directory or a store");
  std::vector<std::string> problems;
  const bool is_run = fs::exists(path + "/run.json");
  if (is_run) problems = check_run_files(path);
  const std::string store = is_run ? path + "/store" : path;
  if (is_run && !fs::exists(store)) return problems;
  try {
    for (const StoreFinding& finding : EmbeddingStore::open_reader(store)->verify()) {
      const std::string file = fs::is_regular_file(store) ? store : store + "/" + finding.segment;
      // The store itself is named by its finding already.
      problems.push_back((finding.segment.empty() ? "" : file + ": ") + finding.problem);
    }
  } catch (const Error& error) {
    // A store whose own marker is damaged is a finding; a path that is no store is not.
    if (error.kind() != ErrorKind::kInput || !fs::exists(store + "/store.json")) throw;
    problems.emplace_back(error.what());
  }
  return problems;
}

}  // namespace

void add_verify_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "verify", "Check every digest of a store or a run; finds any flipped byte");
  struct Flags {
    std::string path;
    CommonFlags common;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("path", flags->path, "Run directory or embedding store")->required();
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      const std::vector<std::string> problems = findings(flags->path);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(
            nlohmann::ordered_json{{"sound", problems.empty()}, {"problems", problems}});
      } else {
        for (const std::string& problem : problems) invocation.out << problem << "\n";
        if (problems.empty()) invocation.out << flags->path << ": sound\n";
      }
      return problems.empty() ? 0 : exit_code(ErrorKind::kCheckFailed);
    };
  });
}

}  // namespace physprobe

#include "physprobe/benchmarks/benchmark.h"
#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/host_facts.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <memory>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct BenchFlags {
  CommonFlags common;
  std::vector<std::string> only;
  int64_t repetitions = 7;
};

Json as_json(const std::vector<BenchmarkResult>& results) {
  Json list = Json::array();
  for (const BenchmarkResult& r : results) {
    list.push_back(Json{{"name", r.name},
                        {"value", r.value},
                        {"unit", r.unit},
                        {"repetitions", r.repetitions},
                        {"limit_name", r.limit_name},
                        {"limit", r.limit},
                        {"ratio", r.ratio},
                        {"target", r.target},
                        {"meets_target", r.meets_target},
                        {"verified", r.verified}});
  }
  return list;
}

/// What this program prints with the BLAS kernels unpinned, run as a child process; null when
/// nothing is pinned.
Json unpinned(const BenchFlags& flags) {
  if (std::getenv("OPENBLAS_CORETYPE") == nullptr && std::getenv("OPENBLAS_L2_SIZE") == nullptr)
    return nullptr;
  std::string command = "env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE /proc/" +
                        std::to_string(getpid()) + "/exe bench --json";
  command += fmt::format(" --repetitions {}", flags.repetitions);
  for (const std::string& group : flags.only) command += " --only " + group;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return nullptr;
  std::string text;
  char buffer[4096];
  for (std::size_t n = fread(buffer, 1, sizeof buffer, pipe); n > 0;
       n = fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, n);
  pclose(pipe);
  const Json document = Json::parse(text, nullptr, false);
  return document.is_discarded() ? Json() : document["as_found"];
}

void print(const char* title, const Json& list, std::ostream& out) {
  out << title << "\n";
  for (const Json& r : list) {
    const std::string target = r["target"];
    out << fmt::format(
        "  {:<44} {:>10.3f} {:<16} {:>6.3f} of {} {}\n", r["name"].get<std::string>(),
        r["value"].get<double>(), r["unit"].get<std::string>(), r["ratio"].get<double>(),
        r["limit_name"].get<std::string>(),
        target.empty() ? ""
                       : fmt::format("(target {}: {})", target,
                                     r["meets_target"].get<bool>() ? "met" : "missed"));
  }
}

}  // namespace

void add_bench_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "bench", "Measure speed against this machine's own limits; every result is verified first");
  auto flags = std::make_shared<BenchFlags>();
  flags->common.add_json(*command);
  command->add_option("--only", flags->only,
                      "Groups: gemm, encoder, decode, preprocess, search, trajectory, v1, physics-iq");
  command->add_option("--repetitions", flags->repetitions, "Timed repetitions; medians are printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      BenchmarkOptions options;
      options.only = flags->only;
      options.repetitions = flags->repetitions;
      const Json as_found = as_json(run_benchmarks(options, [&](const std::string& group) {
        invocation.err << "measuring " << group << " …\n";
      }));
      const Json free = unpinned(*flags);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(
            Json{{"as_found", as_found}, {"unpinned", free}, {"host", host_facts()}});
      } else {
        print("as found", as_found, invocation.out);
        if (!free.is_null())
          print("OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset", free, invocation.out);
      }
      return 0;
    };
  });
}

}  // namespace physprobe

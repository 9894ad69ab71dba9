#include "physprobe/cli/probe_command.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/array_probe.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace physprobe {
namespace {

struct ProbeFlags {
  CommonFlags common;
  std::string trajectories;
  std::string pooling;
  std::string three_dimensional = "auto";
  std::string repeated = "reuse";
  std::vector<std::string> only;
};

TokenPooling pooling_from_name(const std::string& name) {
  if (name == "mean") return TokenPooling::kMean;
  if (name == "first") return TokenPooling::kFirst;
  if (name == "flatten") return TokenPooling::kFlatten;
  return TokenPooling::kRefuse;
}

std::string degrees(const nlohmann::ordered_json& value) {
  return value.is_number() ? fmt::format("{:.3f}", value.get<double>()) : std::string("-");
}

/// Arrays passed over, on stderr: stdout carries results only.
void note_left_out(const std::vector<std::string>& left_out, std::ostream& err) {
  if (left_out.empty()) return;
  constexpr std::size_t kMostListed = 10;
  err << fmt::format("note: {} array{} left out, being no trajectories:\n", left_out.size(),
                     left_out.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(left_out.size(), kMostListed); ++i) {
    err << "  " << left_out[i] << "\n";
  }
  if (left_out.size() > kMostListed) {
    err << fmt::format("  and {} more\n", left_out.size() - kMostListed);
  }
}

int probe(const ProbeFlags& flags, Invocation& invocation) {
  ArrayProbeOptions options;
  options.arrays.pooling = pooling_from_name(flags.pooling);
  options.arrays.three_dimensional = flags.three_dimensional;
  options.arrays.only = flags.only;
  options.repeated_frames = repeated_frames_from_name(flags.repeated);
  std::ostream& out = invocation.out;
  bool is_first = true;
  const auto print_row = [&](const std::string& name, const nlohmann::ordered_json& result) {
    if (result.contains("error")) return;  // listed on stderr
    if (is_first) out << "mean curvature (degrees)  Henaff's    steps of 0  name\n";
    out << fmt::format("{:<25} {:<11} {:<11} {}\n", degrees(result["mean_curvature_deg"]),
                       degrees(result["henaff_mean_curvature_deg"]),
                       result["n_zero_steps"].get<int64_t>(), name);
    is_first = false;
  };
  // The document is written as it grows: 100,000 trajectories take no more memory than one.
  const auto print_member = [&](const std::string& name, const nlohmann::ordered_json& result) {
    out << (is_first ? "{\n" : ",\n") << dump_json(nlohmann::json(name)) << ": "
        << dump_json(result);
    is_first = false;
  };
  const ArrayProbeSummary summary = flags.common.json
                                        ? probe_arrays(flags.trajectories, options, print_member)
                                        : probe_arrays(flags.trajectories, options, print_row);
  if (flags.common.json) out << (is_first ? "{" : "") << "\n}\n";
  note_left_out(summary.left_out, invocation.err);
  for (const std::string& failure : summary.failures)
    invocation.err << "failed: " << failure << "\n";
  return summary.failures.empty() ? 0 : exit_code(ErrorKind::kPartial);
}

}  // namespace

void add_probe_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("probe", "Probe arrays made elsewhere, in any framework");
  command->require_subcommand(1);
  CLI::App* straightening = command->add_subcommand(
      "straightening", "Steps, curvature, ReStraV and GeoPhys numbers of trajectories");
  auto flags = std::make_shared<ProbeFlags>();
  straightening
      ->add_option("--trajectories", flags->trajectories,
                   ".safetensors, .npy, .npz, .h5, a directory of these, or a store; (T,D), "
                   "(N,T,D) with ids, or (T,N,D) tokens")
      ->required();
  straightening->add_option("--pooling", flags->pooling, "Of (T,N,D) tokens")
      ->check(CLI::IsMember({"mean", "first", "flatten"}));
  straightening
      ->add_option("--three-dimensional", flags->three_dimensional,
                   "How (A,B,D) is read: batch = (N,T,D), tokens = (T,N,D)")
      ->check(CLI::IsMember({"auto", "batch", "tokens"}))
      ->capture_default_str();
  straightening
      ->add_option("--repeated", flags->repeated,
                   "Repeated frames: reuse (90 degrees), drop, error")
      ->capture_default_str();
  straightening->add_option("--only", flags->only, "Only arrays of these names");
  flags->common.add_json(*straightening);
  straightening->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return probe(*flags, invocation); };
  });
  add_probe_surprise(*command, invocation);
}

}  // namespace physprobe

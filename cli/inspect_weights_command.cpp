#include "physprobe/cli/inspect_weights_command.h"

#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kListed = 12;  ///< Lines of a list for people; --json has all.

struct InspectWeightsFlags {
  std::string path;
  WeightsQuestion question;
  bool names_only = false;
  CommonFlags common;
};

Json as_json(const WeightsReport& report) {
  Json tensors = Json::array();
  for (const WeightsTensor& tensor : report.tensors) {
    tensors.push_back(Json{{"name", tensor.name},
                           {"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"not_finite", tensor.not_finite}});
  }
  Json families = Json::array();
  for (const FamilyFit& fit : report.families) {
    families.push_back(Json{{"family", fit.family},
                            {"fits", fit.fits},
                            {"detection", fit.detection},
                            {"reason", fit.reason},
                            {"missing", fit.missing},
                            {"unexpected", fit.unexpected},
                            {"misshaped", fit.misshaped}});
  }
  return Json{{"kind", "weights"},
              {"path", report.path},
              {"format", report.format},
              {"sha256", report.digest},
              {"metadata", report.metadata},
              {"passed_over", report.passed_over},
              {"detected_family", report.detected_family},
              {"detection", report.detection},
              {"families", families},
              {"tensors", tensors}};
}

void print_list(const char* title, const std::vector<std::string>& entries, std::ostream& out) {
  if (entries.empty()) return;
  out << "    " << title << " (" << entries.size() << "):\n";
  for (std::size_t i = 0; i < std::min(entries.size(), kListed); ++i) {
    out << "      " << entries[i] << "\n";
  }
  if (entries.size() > kListed) out << "      … " << entries.size() - kListed << " more\n";
}

void print(const WeightsReport& report, bool with_values, std::ostream& out) {
  std::map<std::string, int64_t> dtypes;
  int64_t numbers = 0;
  for (const WeightsTensor& tensor : report.tensors) {
    int64_t count = 1;
    for (const int64_t size : tensor.shape) count *= size;
    numbers += count;
    ++dtypes[tensor.dtype];
  }
  std::vector<std::string> kinds;
  kinds.reserve(dtypes.size());
  for (const auto& [dtype, count] : dtypes) kinds.push_back(fmt::format("{} {}", count, dtype));
  out << fmt::format("{}: {}, {} tensors ({}), {} numbers\n", report.path, report.format,
                     report.tensors.size(), fmt::join(kinds, ", "), numbers);
  out << "sha256: " << report.digest << "\n";
  for (const auto& [key, value] : report.metadata) out << key << ": " << value << "\n";
  if (!report.passed_over.empty()) {
    out << fmt::format("not looked at: {}\n", fmt::join(report.passed_over, ", "));
  }
  out << "looks like: " << (report.detection.empty() ? "nothing known" : report.detection) << "\n";
  for (const FamilyFit& fit : report.families) {
    if (fit.fits) {
      out << "  " << fit.family << ": fits\n";
      continue;
    }
    out << "  " << fit.family << ": " << fit.reason.substr(0, fit.reason.find('\n')) << "\n";
    print_list("missing", fit.missing, out);
    print_list("unexpected", fit.unexpected, out);
    print_list("mis-shaped", fit.misshaped, out);
  }
  if (with_values) {
    int64_t damaged = 0;
    for (const WeightsTensor& tensor : report.tensors) {
      if (tensor.not_finite == 0) continue;
      out << "not finite: " << tensor.name << ": " << tensor.not_finite << " values\n";
      ++damaged;
    }
    if (damaged == 0) out << "values: all finite\n";
  }
  for (const WeightsTensor& tensor : report.tensors) {
    out << fmt::format("  {:<5} [{}] {}\n", tensor.dtype, fmt::join(tensor.shape, ","),
                       tensor.name);
  }
}

}  // namespace

void print_weights(const std::string& path,
                   const WeightsQuestion& question,
                   bool wants_json,
                   std::ostream& out) {
  const WeightsReport report = inspect_weights(path, question);
  if (wants_json) {
    out << dump_json_pretty(as_json(report));
  } else {
    print(report, question.with_values, out);
  }
}

void add_inspect_weights_command(CLI::App& inspect, Invocation& invocation) {
  CLI::App* command = inspect.add_subcommand(
      "weights",
      "Say what a checkpoint holds, which encoder it looks like and what is missing for which");
  auto flags = std::make_shared<InspectWeightsFlags>();
  command
      ->add_option("path", flags->path,
                   "A .safetensors, .pth, .pt, .bin or .pth.tar file, an index, or their folder")
      ->required();
  command->add_option("--family", flags->question.family, "Only this family's fit")
      ->type_name("NAME");
  command->add_option("--heads", flags->question.heads, "Attention heads, where nothing says so")
      ->check(CLI::Range(1, 65536));
  command
      ->add_option("--checkpoint-key", flags->question.checkpoint_key,
                   "Which of several models in the file (target_encoder, …)")
      ->type_name("KEY");
  command->add_flag("--names-only", flags->names_only,
                    "Do not read the values (no search for NaN and infinity)");
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      flags->question.with_values = !flags->names_only;
      print_weights(flags->path, flags->question, flags->common.json, invocation.out);
      return 0;
    };
  });
}

}  // namespace physprobe

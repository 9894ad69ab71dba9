#include "physprobe/cli/command.h"
#include "physprobe/cli/validate_mvp.h"
#include "physprobe/cli/validate_voe.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/eval/straightening_validation.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace physprobe {
namespace {

struct ValidateFlags {
  CommonFlags common;
  std::string folder;
  std::string layout = "auto";
};

int validate_published(const ValidateFlags& flags, Invocation& invocation) {
  const std::vector<ValidationLine> lines =
      validate_straightening(flags.folder, flags.common.threads);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::size_t held = 0;
  for (const ValidationLine& line : lines) {
    held += line.holds ? 1 : 0;
    if (flags.common.json) {
      json.push_back({{"condition", line.condition},
                      {"sequence", line.sequence},
                      {"layer", line.layer},
                      {"measured_deg", line.measured_deg},
                      {"published_deg", line.published_deg},
                      {"tolerance_deg", line.tolerance_deg},
                      {"holds", line.holds}});
    } else {
      invocation.out << fmt::format(
          "{:<6} {:<10} {:<26} {:<7} measured {:>9.4f}  published {:>9.4f}  within {:.4g}\n",
          line.holds ? "holds" : "FAILS", line.condition, line.sequence, line.layer,
          line.measured_deg, line.published_deg, line.tolerance_deg);
    }
  }
  if (flags.common.json) {
    invocation.out << dump_json_pretty(
        nlohmann::ordered_json{{"lines", json}, {"held", held}, {"of", lines.size()}});
  } else {
    invocation.out << fmt::format(
        "{} of {} published values hold (degrees; v1 with S=256, N=6, K=8, energy)\n", held,
        lines.size());
  }
  return held == lines.size() ? 0 : exit_code(ErrorKind::kCheckFailed);
}

int validate_data(const ValidateFlags& flags, Invocation& invocation) {
  if (!std::filesystem::exists(flags.folder)) {
    throw Error(ErrorKind::kInput, flags.folder,
                "does not exist; name a manifest (CSV or JSONL) or a folder");
  }
  DatasetOptions options;
  options.layout = flags.layout;
  Dataset dataset;
  const std::vector<DatasetProblem> problems = validate_dataset(flags.folder, options, &dataset);
  if (flags.common.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const DatasetProblem& problem : problems)
      list.push_back({{"line", problem.line}, {"text", problem.text}});
    invocation.out << dump_json_pretty(nlohmann::ordered_json{
        {"items", dataset.items.size()}, {"problems", list}, {"left_out", dataset.left_out}});
  } else {
    for (const DatasetProblem& problem : problems) {
      invocation.out << flags.folder << ": "
                     << (problem.line > 0 ? fmt::format("line {}: ", problem.line) : std::string())
                     << problem.text << "\n";
    }
    for (const std::string& sentence : dataset.left_out) invocation.out << sentence << "\n";
    invocation.out << fmt::format("{} sound items, {} problems\n", dataset.items.size(),
                                  problems.size());
  }
  return problems.empty() ? 0 : exit_code(ErrorKind::kCheckFailed);
}

}  // namespace

void add_validate_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("validate", "Check a data set, or this build against published results");
  command->require_subcommand(1);
  auto flags = std::make_shared<ValidateFlags>();
  CLI::App* published = command->add_subcommand(
      "straightening", "Recompute the published table of the twelve natural movies, line by line");
  published
      ->add_option("folder", flags->folder,
                   "Folder with the twelve PNG files (256 x 2816, eleven frames stacked)")
      ->required();
  flags->common.add_json(*published);
  flags->common.add_execution(*published);
  published->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return validate_published(*flags, invocation); };
  });
  add_validate_mvp(*command, invocation);
  add_validate_voe(*command, invocation);
  CLI::App* data = command->add_subcommand(
      "dataset", "List every problem of a manifest or folder, with its line");
  data->add_option("path", flags->folder, "Manifest (CSV or JSONL) or folder")->required();
  data->add_option("--layout", flags->layout, "How the folder is laid out; see list")
      ->capture_default_str();
  flags->common.add_json(*data);
  data->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] { return validate_data(*flags, invocation); };
  });
}

}  // namespace physprobe

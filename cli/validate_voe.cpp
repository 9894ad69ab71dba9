#include "physprobe/cli/validate_voe.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/manifest_writer.h"
#include "physprobe/eval/voe/voe_dataset.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct ValidateVoeFlags {
  CommonFlags common;
  std::string folder;
  VoeDatasetOptions options;
  bool no_videos = false;
  std::string manifest;
};

struct Findings {
  std::vector<DatasetProblem> listing;
  VoeDataset data;
  std::size_t differing = 0;  ///< Counts that are not the published ones.

  std::size_t deviations() const {
    return listing.size() + data.problems.size() + data.dataset.left_out.size() + differing;
  }
};

Json findings_json(const Findings& findings) {
  Json problems = Json::array();
  for (const DatasetProblem& problem : findings.listing)
    problems.push_back({{"line", problem.line}, {"text", problem.text}});
  Json videos = Json::array();
  for (const VoeProblem& problem : findings.data.problems)
    videos.push_back({{"item", problem.item}, {"text", problem.text}});
  Json counts = Json::array();
  for (const DatasetCount& count : findings.data.dataset.counts) {
    counts.push_back({{"name", count.name},
                      {"found", count.found},
                      {"expected", count.expected ? Json(*count.expected) : Json()},
                      {"holds", count.holds()}});
  }
  return Json{{"layout", findings.data.dataset.layout},
              {"items", findings.data.dataset.items.size()},
              {"counts", counts},
              {"problems", problems},
              {"video_problems", videos},
              {"left_out", findings.data.dataset.left_out},
              {"deviations", findings.deviations()}};
}

std::string findings_text(const Findings& findings, const std::string& folder) {
  std::string text;
  for (const DatasetProblem& problem : findings.listing)
    text += folder + ": " + (problem.line > 0 ? fmt::format("line {}: ", problem.line) : "") +
            problem.text + "\n";
  for (const VoeProblem& problem : findings.data.problems)
    text += problem.item + ": " + problem.text + "\n";
  for (const std::string& sentence : findings.data.dataset.left_out) text += sentence + "\n";
  for (const DatasetCount& count : findings.data.dataset.counts) {
    text += fmt::format("{:<32} {:>6}", count.name, count.found);
    if (count.expected)
      text += fmt::format("  of {:>6}{}", *count.expected, count.holds() ? "" : "  DIFFERS");
    text += "\n";
  }
  return text + fmt::format(
                    "{} sound items; {} problems of the listing, {} of the videos, {} left "
                    "out, {} counts differ\n",
                    findings.data.dataset.items.size(), findings.listing.size(),
                    findings.data.problems.size(), findings.data.dataset.left_out.size(),
                    findings.differing);
}

int validate_voe(const ValidateVoeFlags& flags, Invocation& invocation) {
  if (!std::filesystem::exists(flags.folder))
    throw Error(ErrorKind::kInput, flags.folder, "does not exist; name the data set's folder");
  Findings findings;
  findings.listing = validate_dataset(flags.folder, flags.options.dataset, &findings.data.dataset);
  findings.data.protocol = flags.options.protocol.empty()
                               ? default_frame_protocol(flags.options.dataset.layout)
                               : &frame_protocol(flags.options.protocol);
  if (!flags.no_videos) complete_voe_dataset(findings.data, flags.common.threads);
  for (const DatasetCount& count : findings.data.dataset.counts)
    findings.differing += count.holds() ? 0 : 1;
  if (!flags.manifest.empty()) write_manifest_csv(flags.manifest, findings.data.dataset.items);
  invocation.out << (flags.common.json ? dump_json_pretty(findings_json(findings))
                                       : findings_text(findings, flags.folder));
  return findings.deviations() == 0 ? 0 : exit_code(ErrorKind::kCheckFailed);
}

}  // namespace

void add_validate_voe(CLI::App& validate, Invocation& invocation) {
  for (const PublishedLayout& layout : published_layouts()) {
    CLI::App* command = validate.add_subcommand(
        layout.name, "Hold a copy of the data set against its publication; " + layout.title);
    auto flags = std::make_shared<ValidateVoeFlags>();
    flags->options.dataset.layout = layout.name;
    command->add_option("folder", flags->folder, "The data set's folder, as it is on disk")
        ->required();
    if (layout.name == "intphys") {
      command->add_option("--tasks", flags->options.dataset.task_list,
                          "Task list of the test set (default: task.txt in the folder)");
    }
    if (layout.name == "inflevel") {
      command->add_flag("--relabelled", flags->options.dataset.relabelled_subset,
                        "Only pairs that can be told without the priming");
    }
    command->add_option("--protocol", flags->options.protocol,
                        "Frame protocol whose window the videos must fill (default: the data "
                        "set's)");
    command->add_flag("--no-videos", flags->no_videos,
                      "Check names, tables and labels only; open no video");
    command->add_option("--manifest-out", flags->manifest,
                        "Write the sound items as a manifest (paths are relative to the data set's "
                        "folder)");
    flags->common.add_json(*command);
    flags->common.add_execution(*command);
    command->callback([flags, &invocation] {
      invocation.action = [flags, &invocation] { return validate_voe(*flags, invocation); };
    });
  }
}

}  // namespace physprobe

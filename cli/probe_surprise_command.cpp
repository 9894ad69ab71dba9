#include "physprobe/cli/pair_score_flags.h"
#include "physprobe/cli/probe_command.h"
#include "physprobe/cli/probe_surprise_videos.h"
#include "physprobe/cli/surprise_score_flags.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/interrupt.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/voe/frame_protocol.h"
#include "physprobe/eval/minimal_pairs/pair_run_directory.h"
#include "physprobe/eval/voe/pair_records.h"
#include "physprobe/eval/voe/score_surprise.h"
#include "physprobe/eval/voe/surprise_table.h"
#include "physprobe/eval/voe/trajectory_scores.h"
#include "physprobe/eval/voe/video_document.h"
#include "physprobe/report/pair_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct SurpriseFlags {
  PairScoreFlags scores;
  SurpriseScoreFlags breakdowns;
  SurpriseArrayOptions arrays;
  SurpriseScoreOptions scoring;
  std::vector<std::string> files;
  std::vector<std::string> columns;
  SurpriseModelFlags model;
  SurpriseDatasetFlags dataset;
  std::string frames;
  std::string padding = "masked";
  std::string targets = "normalise";
};

std::vector<SurpriseArrays> read_models(const SurpriseFlags& flags) {
  SurpriseArrayOptions options = flags.arrays;
  options.table.columns = column_mapping(flags.columns);
  flags.breakdowns.apply(options);
  options.padding = flags.padding == "counted" ? WindowPadding::kCounted : WindowPadding::kMasked;
  options.normalises_targets = flags.targets == "normalise";
  std::vector<SurpriseArrays> models;
  for (const std::string& file : flags.files) {
    models.push_back(read_surprise_arrays(file, options));
    const std::string& name = models.back().set.model;
    const auto first = std::find_if(models.begin(), models.end(), [&](const SurpriseArrays& model) {
      return model.set.model == name;
    });
    if (first != models.end() - 1)
      throw Error(ErrorKind::kUsage, "--arrays",
                  fmt::format("two models are named '{}'; name one of them NAME=PATH", name));
  }
  return models;
}

SurpriseScoreOptions scoring_options(const SurpriseFlags& flags) {
  SurpriseScoreOptions options = flags.scoring;
  options.bootstrap = flags.scores.scores.bootstrap;
  flags.breakdowns.apply(options);
  return options;
}

int finish(const Json& document,
           const std::string& text,
           const ModelProblems& problems,
           const SurpriseFlags& flags,
           Invocation& invocation) {
  invocation.out << (flags.scores.common.json ? dump_json_pretty(document) : text);
  print_pair_problems(problems, invocation);
  return problems.empty() ? 0 : exit_code(ErrorKind::kPartial);
}

/// Without labels there is nothing to score: the curves themselves.
int print_curves(const SurpriseFlags& flags, Invocation& invocation) {
  if (!flags.scores.out.empty())
    throw Error(ErrorKind::kUsage, "--out", "needs --manifest: without labels nothing is scored");
  Json models = Json::array();
  std::string text;
  ModelProblems problems;
  for (const SurpriseArrays& model : read_models(flags)) {
    Json curves = surprise_curves_json(model);
    text += fmt::format("{} (mean surprise by context: ", model.set.model);
    for (const int64_t context : model.set.contexts) text += fmt::format("{}, ", context);
    text += "Filtered)\n";
    for (const Json& item : curves["items"]) {
      text += fmt::format("  {:<32}", item["id"].get<std::string>());
      for (const Json& mean : item["mean"]) text += fmt::format(" {:.6f}", mean.get<double>());
      text += "\n";
    }
    for (const PairProblem& problem : model.problems)
      problems.emplace_back(model.set.model, problem);
    models.push_back(std::move(curves));
  }
  return finish(models.size() == 1 ? models[0] : Json{{"models", models}}, text, problems, flags,
                invocation);
}

/// Scores of labelled curves; `complete` adds to the document what the curves come with, and
/// returns the files that it wrote beside it.
int score_models(const std::vector<SurpriseArrays>& models,
                 const SurpriseFlags& flags,
                 std::optional<PairRunDirectory>& directory,
                 const std::function<std::vector<std::string>(Json&)>& complete,
                 Invocation& invocation) {
  ModelProblems problems;
  Json results = score_surprise(
      models, scoring_options(flags),
      [&](const GroupedProtocol& protocol, const GroupedRun& run) {
        if (directory) directory->add_item_lines(grouped_item_lines(protocol, run));
      },
      problems);
  std::vector<std::string> files = complete(results);
  if (directory) {
    write_file_atomic(flags.scores.out + "/surprise_metrics.csv", surprise_metrics_csv(results));
    files.emplace_back("surprise_metrics.csv");
    directory->finish(results, problems, invocation.arguments, files);
    if (!flags.scores.no_report) {
      const std::string report = write_pair_report(flags.scores.out);
      if (!flags.scores.common.quiet) invocation.err << "report: " << report << "\n";
    }
  }
  return finish(results, flags.breakdowns.text(results), problems, flags, invocation);
}

int probe_surprise_of_arrays(const SurpriseFlags& flags, Invocation& invocation) {
  if (flags.arrays.manifest.empty()) return print_curves(flags, invocation);
  const std::vector<SurpriseArrays> models = read_models(flags);
  check_surprise_scoring(scoring_options(flags), models.front().set.contexts);
  std::optional<PairRunDirectory> directory;
  if (!flags.scores.out.empty())
    directory.emplace(flags.scores.out, flags.scores.overwrite, invocation.arguments);
  return score_models(
      models, flags, directory, [](Json& /*results*/) { return std::vector<std::string>(); },
      invocation);
}

int probe_surprise_of_dataset(const SurpriseFlags& given, Invocation& invocation) {
  SurpriseFlags flags = given;
  const CommonFlags& common = flags.scores.common;
  Suite suite = flags.dataset.suite(flags.columns);
  suite.dataset.relabelled_subset = flags.breakdowns.relabelled;
  const std::string layout =
      suite.dataset.layout == "auto" ? recognised_layout(suite.dataset_path) : suite.dataset.layout;
  const FrameProtocol* published = default_frame_protocol(layout);
  if (flags.model.protocol.empty() && published != nullptr) flags.model.protocol = published->name;
  flags.breakdowns.default_to(layout);
  const std::vector<SurpriseJob> jobs =
      flags.model.jobs(flags.arrays.contexts, flags.scoring.fixed_context, common.device);
  check_surprise_scoring(scoring_options(flags), jobs.front().options.windows.contexts);
  std::optional<PairRunDirectory> directory;
  SurpriseRunOptions options;
  if (!flags.scores.out.empty()) {
    // What went through the predictor lies in the store: the same command may be given again.
    directory.emplace(flags.scores.out, flags.scores.overwrite, invocation.arguments,
                      /*may_be_repeated=*/true);
    options.store = flags.scores.out + "/store";
  }
  options.threads = common.threads;
  options.progress = common.progress_mode();
  options.narrate = common.narrator(invocation.err);
  if (!flags.breakdowns.by.empty()) {
    options.attributes = flags.breakdowns.by;
    options.attributes_are_required = true;
  }
  install_interrupt_handlers();
  const SurpriseRun run = run_surprise(suite, jobs, flags.model.wants_nearest(), options);
  if (run.interrupted_by != 0) {
    invocation.err << (directory ? "interrupted; start the same command again to continue\n"
                                 : "interrupted; nothing is kept without --out\n");
    return interrupt_exit_code(run.interrupted_by);
  }
  if (!run.has_labels) return print_surprise_run(run, jobs, common, flags.scores.out, invocation);
  return score_models(
      run.models, flags, directory,
      [&](Json& results) {
        if (!flags.breakdowns.is_cross())
          results["protocol"] = jobs.front().options.windows.protocol();
        results["name"] = jobs.front().name;
        results["settings"] = surprise_settings_json(jobs.front());
        results["trajectory"] = trajectory_scores(run);
        for (const std::string& note : run.notes) results["notes"].push_back(note);
        results["provenance"]["dataset"] = run.source;
        PairRecordOptions records;
        records.fixed_context = results["provenance"]["fixed_context"].get<int64_t>();
        return directory ? write_pair_records(run, suite, jobs.front(), records, flags.scores.out)
                         : std::vector<std::string>();
      },
      invocation);
}

int probe_surprise(const SurpriseFlags& flags, Invocation& invocation) {
  if (flags.model.encoder.empty() == flags.files.empty()) {
    throw Error(ErrorKind::kUsage, "probe surprise",
                "needs either --arrays, surprise made elsewhere, or --encoder, a predictor to run");
  }
  if (!flags.files.empty()) return probe_surprise_of_arrays(flags, invocation);
  if (flags.frames.empty() == !flags.dataset.is_given()) {
    throw Error(ErrorKind::kUsage, "--encoder",
                "needs videos: either --dataset PATH (or --set dataset.path=PATH), or --frames "
                "FILE:NAME");
  }
  if (flags.dataset.is_given()) return probe_surprise_of_dataset(flags, invocation);
  return probe_surprise_of_tensor({flags.frames, flags.arrays.contexts, flags.scoring.fixed_context,
                                   flags.padding == "counted"},
                                  flags.model, flags.scores.common, invocation);
}

/// Flags that would be passed over without a word: with --arrays those of --encoder, and vice
/// versa.
void refuse_flags_of_the_other_mode(const CLI::App& command, bool has_arrays) {
  const std::vector<const char*> of_arrays = {"--manifest", "--targets"};
  const std::vector<const char*> of_encoder = {"--protocol",
                                               "--window",
                                               "--stride",
                                               "--skip",
                                               "--growing-context",
                                               "--nulls",
                                               "--frames",
                                               "--dataset",
                                               "--set",
                                               "--untrained-seeds",
                                               "--pixel-predictor",
                                               "--limit",
                                               "--allow-outside-root"};
  for (const char* flag : has_arrays ? of_encoder : of_arrays) {
    if (command.get_option(flag)->count() == 0) continue;
    throw Error(ErrorKind::kUsage, flag,
                has_arrays ? "goes with --encoder, which runs a predictor; arrays hold what was "
                             "computed elsewhere, their labels and pairs stand in --manifest"
                           : "goes with --arrays; the videos of --encoder are named by --dataset, "
                             "which may be a manifest");
  }
}

}  // namespace

void add_probe_surprise(CLI::App& parent, Invocation& invocation) {
  CLI::App* command = parent.add_subcommand(
      "surprise", "Violation of expectation: does the impossible surprise more than the possible?");
  auto flags = std::make_shared<SurpriseFlags>();
  command->add_option(
      "--arrays", flags->files,
      "Models, one each: .safetensors, .npy, .npz, .h5 or a directory of these with "
      "<id> or <id>.surprise (contexts, windows), or <id>.prediction and <id>.target "
      "(contexts, windows, tokens, D); PATH:ARRAY for one (items, contexts, windows); "
      "NAME=PATH names a model");
  flags->model.add(*command);
  flags->model.add_nulls(*command);
  command
      ->add_option("--frames", flags->frames,
                   "With --encoder: a video as a tensor, uint8 (T, H, W, 3), or floating and "
                   "preprocessed (3, T, H, W) or (T, 3, H, W); one more dimension in front for "
                   "several")
      ->type_name("FILE:NAME");
  flags->dataset.add(*command);
  command->add_option("--manifest", flags->arrays.manifest,
                      "CSV or JSONL: id, label (possible, impossible), pair, and task for the "
                      "property; without it the curves are printed");
  command->add_option("--columns", flags->columns, "Names of columns: OURS=THEIRS")->delimiter(',');
  command
      ->add_option(
          "--context", flags->arrays.contexts,
          "Frames of context: of the arrays' rows (default 1, 2, 3, …), or to predict from "
          "(default 2, 4, 6, 8, 10)")
      ->delimiter(',');
  command->add_option("--fixed-context", flags->scoring.fixed_context,
                      "The context of the headline score (default: the middle one), chosen before "
                      "looking");
  command
      ->add_option("--padding", flags->padding,
                   "Windows at a curve's end that are 0 in every context: masked, or counted as "
                   "the reference does; growing contexts: without, or with zeros at their ends")
      ->check(CLI::IsMember({"masked", "counted"}))
      ->capture_default_str();
  command
      ->add_option("--targets", flags->targets,
                   "Targets of predictions: normalise them (layer norm without affine part), or "
                   "as-is")
      ->check(CLI::IsMember({"normalise", "as-is"}))
      ->capture_default_str();
  command
      ->add_option("--permutations", flags->scoring.permutations,
                   "Exchanges of labels for the null of the best of several contexts")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
      ->capture_default_str();
  flags->breakdowns.add(*command);
  flags->scores.add_output(*command);
  flags->scores.add_statistics(*command);
  flags->scores.common.add_json(*command);
  flags->scores.common.add_execution(*command);
  flags->scores.common.add_verbose(*command);
  flags->scores.common.add_device(*command);
  command->callback([flags, command, &invocation] {
    invocation.action = [flags, command, &invocation] {
      refuse_flags_of_the_other_mode(*command, !flags->files.empty());
      return probe_surprise(*flags, invocation);
    };
  });
}

}  // namespace physprobe

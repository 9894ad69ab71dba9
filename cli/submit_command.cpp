#include "physprobe/cli/command.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/datasets/voe/task_list.h"
#include "physprobe/eval/voe/surprise_arrays.h"
#include "physprobe/eval/voe/surprise_submission.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

struct SubmitFlags {
  std::string surprise;
  std::string tasks;
  std::string out;
  std::string check;
  std::string context = "filtered";
  std::vector<int64_t> contexts;
  double scale = 1.0;
  std::optional<double> threshold;
};

SurpriseSet read_curves(const SubmitFlags& flags) {
  if (fs::path(flags.surprise).extension() == ".json")
    return read_surprise_document(flags.surprise);
  const fs::path of_run = fs::path(flags.surprise) / "curves.json";
  if (fs::exists(of_run)) return read_surprise_document(of_run.string());
  SurpriseArrayOptions options;
  options.contexts = flags.contexts;
  const SurpriseArrays arrays = read_surprise_arrays(flags.surprise, options);
  if (!arrays.problems.empty()) {
    const PairProblem& first = arrays.problems.front();
    throw Error(ErrorKind::kInput, flags.surprise,
                fmt::format("{} arrays cannot be used, the first: {} {}; a submission needs all",
                            arrays.problems.size(), first.id, first.text));
  }
  return arrays.set;
}

std::size_t row_of(const SurpriseSet& set, const std::string& context) {
  if (context == "filtered") return row_of_context(set, std::nullopt);
  int64_t frames = 0;
  const auto parsed = std::from_chars(context.data(), context.data() + context.size(), frames);
  if (parsed.ec != std::errc() || parsed.ptr != context.data() + context.size())
    throw Error(ErrorKind::kUsage, "--context",
                fmt::format("is '{}'; expected filtered or a number of frames", context));
  return row_of_context(set, frames);
}

/// A list of names, or a data set's folder.
std::vector<std::string> task_names(const std::string& given, const std::string& layout) {
  if (!fs::is_directory(given)) return read_task_list(given);
  DatasetOptions options;
  options.layout = layout;
  std::vector<std::string> names;
  for (const DatasetItem& item : load_dataset(given, options).items) names.push_back(item.id);
  return names;
}

/// Either --check or all of what writing needs.
void require_flags(const SubmitFlags& flags) {
  if (flags.check.empty() == (flags.surprise.empty() || flags.out.empty()))
    throw Error(ErrorKind::kUsage, "submit",
                "needs either --surprise and --out, to write a submission, or --check FILE");
  if (!flags.check.empty() && !(flags.surprise.empty() && flags.out.empty()))
    throw Error(ErrorKind::kUsage, "--check", "excludes --surprise and --out");
}

int submit_intphys(const SubmitFlags& flags, Invocation& invocation) {
  require_flags(flags);
  const std::vector<std::string> tasks = task_names(flags.tasks, "intphys");
  if (!flags.check.empty()) {
    invocation.out << fmt::format("{}: {} of {} videos\n", flags.check,
                                  check_intphys_submission(flags.check, tasks), tasks.size());
    return 0;
  }
  const SurpriseSet set = read_curves(flags);
  const std::size_t row = row_of(set, flags.context);
  std::vector<std::pair<std::string, std::string>> files;
  for (const bool is_mean : {true, false}) {
    const std::vector<double> surprise = surprise_of_tasks(
        set, tasks, row, is_mean ? SurprisePooling::kMean : SurprisePooling::kMaximum);
    files.emplace_back(flags.out + (is_mean ? "/avg" : "/max"),
                       intphys_submission(tasks, surprise, flags.scale));
  }
  for (const auto& [folder, text] : files) {
    create_directories(folder);
    write_file_atomic(folder + "/answer.txt", text);
    check_intphys_submission(folder + "/answer.txt", tasks);
    invocation.out << fmt::format("{}/answer.txt: {} videos\n", folder, tasks.size());
  }
  return 0;
}

int submit_intphys2(const SubmitFlags& flags, Invocation& invocation) {
  require_flags(flags);
  const std::vector<std::string> names = task_names(flags.tasks, "intphys2");
  if (!flags.check.empty()) {
    invocation.out << fmt::format("{}: {} of {} videos\n", flags.check,
                                  check_intphys2_submission(flags.check, names), names.size());
    return 0;
  }
  const SurpriseSet set = read_curves(flags);
  const std::vector<double> surprise =
      surprise_of_tasks(set, names, row_of(set, flags.context), SurprisePooling::kMean);
  create_directories(flags.out);
  const std::string path = flags.out + "/intphys2_HeldOut.jsonl";
  write_file_atomic(path, intphys2_submission(names, surprise, flags.threshold));
  check_intphys2_submission(path, names);
  invocation.out << fmt::format("{}: {} videos\n", path, names.size());
  return 0;
}

std::shared_ptr<SubmitFlags> add_flags(CLI::App& command, const std::string& tasks) {
  auto flags = std::make_shared<SubmitFlags>();
  command.add_option("--surprise", flags->surprise,
                     "Curves of one model: the --out of probe surprise over videos without labels, "
                     "its --json document (.json), or arrays as for --arrays");
  command.add_option("--tasks", flags->tasks, tasks)->required();
  command.add_option("--out", flags->out, "Folder for the submission");
  command.add_option("--check", flags->check, "Check this file against the tasks instead");
  command
      .add_option("--context", flags->context,
                  "Curve: filtered (smallest over contexts), or a number of frames of context")
      ->capture_default_str();
  command
      .add_option("--contexts", flags->contexts,
                  "Frames of context of the arrays' rows (default 1, 2, 3, …)")
      ->delimiter(',');
  return flags;
}

}  // namespace

void add_submit_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "submit", "Write a challenge's submission from surprise curves, or check one");
  command->require_subcommand(1);
  CLI::App* intphys = command->add_subcommand(
      "intphys", "IntPhys test: avg/answer.txt and max/answer.txt, 1 - surprise a video");
  auto first =
      add_flags(*intphys, "Task list of the starter kit (task.txt), or the test set's folder");
  intphys
      ->add_option("--scale", first->scale,
                   "Divide surprise by this, where 1 - surprise leaves [0, 1]; changes no ranking")
      ->check(above_zero())
      ->capture_default_str();
  intphys->callback([first, &invocation] {
    invocation.action = [first, &invocation] { return submit_intphys(*first, invocation); };
  });
  CLI::App* intphys2 = command->add_subcommand(
      "intphys2", "IntPhys 2 held out: a possible (1) or impossible (0) for every video, as JSONL");
  auto second = add_flags(*intphys2, "List of names, or the HeldOut folder");
  intphys2->add_option("--threshold", second->threshold,
                       "Mean surprise from which a video is held to be impossible (default: the "
                       "half that surprises more)");
  intphys2->callback([second, &invocation] {
    invocation.action = [second, &invocation] { return submit_intphys2(*second, invocation); };
  });
}

}  // namespace physprobe

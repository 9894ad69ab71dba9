#include "physprobe/cli/command.h"
#include "physprobe/cli/probe_surprise_videos.h"
#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/encoder_check.h"
#include "physprobe/eval/host_facts.h"
#include "physprobe/eval/version.h"
#include "physprobe/eval/voe/surprise_check.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <memory>
#include <utility>

namespace physprobe {
namespace {

/// What a finding's level is called: ok, slow, problem.
using LevelWords = std::array<const char*, 3>;

int print_findings(const std::vector<DoctorFinding>& findings,
                   bool as_json,
                   const LevelWords& words,
                   Invocation& invocation) {
  bool has_problem = false;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DoctorFinding& finding : findings) {
    const char* level = words[static_cast<std::size_t>(finding.level)];
    has_problem = has_problem || finding.level == DoctorFinding::Level::kProblem;
    list.push_back({{"level", level},
                    {"topic", finding.topic},
                    {"text", finding.text},
                    {"remedy", finding.remedy}});
    if (!as_json) {
      invocation.out << fmt::format("{:<8} {:<10} {}\n", level, finding.topic, finding.text);
      if (!finding.remedy.empty())
        invocation.out << fmt::format("{:<19} -> {}\n", "", finding.remedy);
    }
  }
  if (as_json)
    invocation.out << dump_json_pretty(
        nlohmann::ordered_json{{"findings", list}, {"facts", host_facts()}});
  return has_problem ? exit_code(ErrorKind::kCheckFailed) : 0;
}

void add_doctor_surprise(CLI::App& parent, Invocation& invocation) {
  CLI::App* command = parent.add_subcommand(
      "surprise",
      "Check a predictor before its surprise is believed, and the data set it is to be scored on");
  struct Flags {
    SurpriseModelFlags model;
    SurpriseDatasetFlags dataset;
    std::vector<int64_t> contexts;
    CommonFlags common;
  };
  auto flags = std::make_shared<Flags>();
  flags->model.add(*command);
  command->get_option("--encoder")->required();
  command
      ->add_option("--context", flags->contexts,
                   "Frames of context to predict from (default 2, 4, 6, 8, 10)")
      ->delimiter(',');
  flags->dataset.add(*command);
  flags->common.add_json(*command);
  flags->common.add_device(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      flags->model.nulls = {"none"};
      const std::vector<SurpriseJob> jobs =
          flags->model.jobs(flags->contexts, 0, flags->common.device);
      std::vector<DoctorFinding> findings = check_surprise_model(jobs.front());
      if (flags->dataset.is_given()) {
        for (DoctorFinding& finding :
             check_surprise_dataset(flags->dataset.suite({}), jobs.front()))
          findings.push_back(std::move(finding));
      }
      return print_findings(findings, flags->common.json, {"pass", "slow", "FAIL"}, invocation);
    };
  });
}

}  // namespace

void add_doctor_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("doctor",
                                         "Say what is in force (BLAS, threads, SIMD, codecs, "
                                         "devices), what is slow and how to mend it");
  struct Flags {
    CommonFlags common;
    std::vector<std::string> encoders;
    bool trust_model = false;
  };
  auto flags = std::make_shared<Flags>();
  flags->common.add_json(*command);
  command
      ->add_option("--encoder", flags->encoders,
                   "Also try this encoder on frames of noise; repeatable: a family, a weights "
                   "file, the YAML file of an encoder, or exec:COMMAND")
      ->take_all()
      ->expected(1)
      ->type_name("ENCODER");
  command->add_flag("--trust-model", flags->trust_model,
                    "Run TorchScript files: they are programs and may do anything");
  flags->common.add_device(*command);
  command->callback([command, flags, &invocation] {
    if (!command->get_subcommands().empty()) return;
    invocation.action = [flags, &invocation] {
      std::vector<DoctorFinding> findings = doctor();
      for (const std::string& encoder : flags->encoders) {
        for (DoctorFinding& finding : check_encoder(
                 flags->trust_model ? with_trust(encoder_config(encoder)) : encoder_config(encoder),
                 0, flags->common.device))
          findings.push_back(std::move(finding));
      }
      return print_findings(findings, flags->common.json, {"ok", "slow", "problem"}, invocation);
    };
  });
  add_doctor_surprise(*command, invocation);
}

}  // namespace physprobe

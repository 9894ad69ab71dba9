#include "physprobe/cli/command.h"
#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/encoder_check.h"
#include "physprobe/eval/host_facts.h"
#include "physprobe/eval/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace physprobe {

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
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      using Level = DoctorFinding::Level;
      std::vector<DoctorFinding> findings = doctor();
      for (const std::string& encoder : flags->encoders) {
        for (DoctorFinding& finding : check_encoder(
                 flags->trust_model ? with_trust(encoder_config(encoder)) : encoder_config(encoder),
                 0, flags->common.device))
          findings.push_back(std::move(finding));
      }
      bool has_problem = false;
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const DoctorFinding& finding : findings) {
        const char* level = finding.level == Level::kOk     ? "ok"
                            : finding.level == Level::kSlow ? "slow"
                                                            : "problem";
        has_problem = has_problem || finding.level == Level::kProblem;
        list.push_back({{"level", level},
                        {"topic", finding.topic},
                        {"text", finding.text},
                        {"remedy", finding.remedy}});
        if (!flags->common.json) {
          invocation.out << fmt::format("{:<8} {:<10} {}\n", level, finding.topic, finding.text);
          if (!finding.remedy.empty())
            invocation.out << fmt::format("{:<19} -> {}\n", "", finding.remedy);
        }
      }
      if (flags->common.json)
        invocation.out << dump_json_pretty(
            nlohmann::ordered_json{{"findings", list}, {"facts", host_facts()}});
      return has_problem ? exit_code(ErrorKind::kCheckFailed) : 0;
    };
  });
}

void add_version_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&invocation] {
    invocation.action = [&invocation] {
      invocation.out << "physprobe " << version() << "\n";
      return 0;
    };
  });
}

}  // namespace physprobe

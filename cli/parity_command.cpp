#include "physprobe/cli/command.h"
#include "physprobe/cli/suite_flags.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/parity.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

struct ParityFlags {
  std::string encoder;
  std::string family;
  bool trust_model = false;
  int64_t heads = 0;
  std::string case_path;
  ParityOptions options;
  CommonFlags common;
};

nlohmann::json stated_encoder(const ParityFlags& flags) {
  nlohmann::json config = encoder_config(flags.encoder);
  if (!flags.family.empty()) config["family"] = flags.family;
  if (flags.heads > 0) config["options"]["heads"] = flags.heads;
  return flags.trust_model ? with_trust(config) : config;
}

Json as_json(const ParityReport& report) {
  Json taps = Json::array();
  for (const TapDeviation& tap : report.taps) {
    taps.push_back(Json{{"tap", tap.tap},
                        {"values", tap.values},
                        {"largest_absolute", tap.largest_absolute},
                        {"largest_relative", tap.largest_relative},
                        {"largest_expected", tap.largest_expected},
                        {"allowed", tap.allowed},
                        {"passes", tap.passes}});
  }
  Json json = {{"encoder", report.encoder},
               {"detection", report.detection},
               {"preprocessing", report.preprocessing},
               {"device", report.device},
               {"dtype", report.dtype},
               {"passes", report.passes},
               {"taps", taps}};
  if (report.seconds_per_pass > 0.0) json["seconds_per_pass"] = report.seconds_per_pass;
  if (report.speed > 0.0) json["times_as_fast_as_float32"] = report.speed;
  return json;
}

void print(const ParityReport& report, std::ostream& out) {
  out << report.encoder << "\n";
  if (!report.detection.empty()) out << report.detection << "\n";
  out << "preprocessing: " << report.preprocessing << "\n";
  if (!report.device.empty()) out << "device: " << report.device << "\n";
  if (report.dtype != "float32") out << report.dtype << " against float32\n";
  out << fmt::format("{:<24} {:>12} {:>12} {:>12}\n", "tap", "absolute", "relative", "allowed");
  for (const TapDeviation& tap : report.taps) {
    out << fmt::format("{:<24} {:>12.3e} {:>12.3e} {:>12.3e}  {}\n", tap.tap, tap.largest_absolute,
                       tap.largest_relative, tap.allowed, tap.passes ? "ok" : "differs");
  }
  if (report.seconds_per_pass > 0.0) {
    out << fmt::format("{:.4f} s a pass over the frames\n", report.seconds_per_pass);
  }
  if (report.speed > 0.0) {
    out << fmt::format("{} is {:.2f} times as fast as float32 here{}\n", report.dtype, report.speed,
                       report.speed < 1.0 ? ": it gains nothing" : "");
  }
  out << (report.passes ? "the same numbers within the tolerance\n" : "not the same numbers\n");
}

}  // namespace

void add_parity_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "parity", "Compare an encoder's outputs with another implementation's, tap by tap");
  auto flags = std::make_shared<ParityFlags>();
  command
      ->add_option(
          "--encoder", flags->encoder,
          "Weights (a file, a folder, or a name that `weights list` shows), or the YAML file "
          "of an encoder")
      ->required()
      ->type_name("ENCODER");
  command->add_option("--family", flags->family, "The weights' family, where two look alike")
      ->type_name("NAME");
  command->add_flag("--trust-model", flags->trust_model,
                    "Run TorchScript files: they are programs and may do anything");
  command->add_option("--heads", flags->heads, "Attention heads, where nothing says so")
      ->check(CLI::Range(1, 65536));
  command
      ->add_option("--case", flags->case_path,
                   "A safetensors file with 'input' and expected tensors named as taps")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--tolerance", flags->options.tolerance,
                   "Allowed deviation, times the larger of 1 and the tap's largest value")
      ->check(above_zero())
      ->capture_default_str();
  command
      ->add_option("--dtype", flags->options.dtype,
                   "Compare this dtype with float32 on the case's frames instead")
      ->check(CLI::IsMember({"bfloat16", "float16"}));
  command
      ->add_option("--passes", flags->options.timed_passes,
                   "Also time so many passes over the frames; their median is printed")
      ->check(CLI::Range(0, 1000));
  flags->common.add_device(*command);
  command->add_option("--threads", flags->common.threads, "Threads; 0 = all")
      ->check(CLI::Range(0, 4096));
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      flags->options.threads = flags->common.threads;
      flags->options.device = flags->common.device;
      const ParityReport report =
          check_parity(stated_encoder(*flags), flags->case_path, flags->options);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(as_json(report));
      } else {
        print(report, invocation.out);
      }
      return report.passes ? 0 : exit_code(ErrorKind::kCheckFailed);
    };
  });
}

}  // namespace physprobe

#include "physprobe/cli/command.h"
#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/encoders/weights_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>

namespace physprobe {
namespace {

struct ConvertFlags {
  std::string input;
  std::string output;
  ConversionOptions options;
  bool overwrite = false;
  CommonFlags common;
};

void require_free_output(const ConvertFlags& flags) {
  const std::string end = ".safetensors";
  const std::string& output = flags.output;
  if (output.size() <= end.size() || output.substr(output.size() - end.size()) != end) {
    throw Error(ErrorKind::kUsage, output, "must end in .safetensors");
  }
  if (std::filesystem::exists(output) && !flags.overwrite) {
    throw Error(ErrorKind::kUsage, output, "exists; name another file or give --overwrite");
  }
}

}  // namespace

void add_convert_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "convert", "Write the tensors of a checkpoint as safetensors; nothing in it is executed");
  auto flags = std::make_shared<ConvertFlags>();
  command->add_option("input", flags->input, "A .pth, .pt, .bin, .pth.tar or .safetensors file")
      ->required();
  command->add_option("output", flags->output, "The .safetensors file to write")->required();
  command
      ->add_option("--checkpoint-key", flags->options.checkpoint_key,
                   "Only what stands under this name (target_encoder, model, …)")
      ->type_name("KEY");
  command
      ->add_option("--dtype", flags->options.dtype,
                   "Of floating tensors: keep, float32, float16 or bfloat16")
      ->check(CLI::IsMember({"keep", "float32", "float16", "bfloat16"}))
      ->capture_default_str();
  command->add_flag("--overwrite", flags->overwrite, "Replace an existing output");
  flags->common.add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      require_free_output(*flags);
      const int64_t count = convert_weights(flags->input, flags->output, flags->options);
      if (flags->common.json) {
        invocation.out << dump_json_pretty(
            nlohmann::ordered_json{{"tensors", count}, {"output", flags->output}});
      } else {
        invocation.out << fmt::format("{} tensors written to {}\n", count, flags->output);
      }
      return 0;
    };
  });
}

}  // namespace physprobe

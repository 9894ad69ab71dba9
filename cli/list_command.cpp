#include "physprobe/cli/command.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/encoders/encoder_factory.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace physprobe {

void add_list_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "list", "Encoders, data set layouts, sampling schemes and probes that exist");
  auto flags = std::make_shared<CommonFlags>();
  flags->add_json(*command);
  command->callback([flags, &invocation] {
    invocation.action = [flags, &invocation] {
      const std::vector<std::pair<std::string, std::string>> schemes = {
          {"all", "every frame"},
          {"uniform", "n frames, evenly from first to last"},
          {"fps", "the frame shown every 1/fps seconds"},
          {"restrav", "ReStraV: n times over a centred window of 2 s"},
          {"native", "n consecutive frames at the video's own rate, centred"}};
      nlohmann::ordered_json encoders = nlohmann::ordered_json::array();
      for (const EncoderFamily& family : encoder_families()) {
        encoders.push_back({{"name", family.name},
                            {"description", family.description},
                            {"verified", family.is_verified},
                            {"needs_weights", family.needs_weights},
                            {"options", family.options}});
      }
      if (flags->json) {
        invocation.out << dump_json_pretty(nlohmann::ordered_json{{"encoders", encoders},
                                                                  {"layouts", dataset_layouts()},
                                                                  {"sampling", schemes},
                                                                  {"probes", {"straightening"}}});
        return 0;
      }
      invocation.out << "encoders\n";
      for (const auto& family : encoders) {
        invocation.out << fmt::format("  {:<10} {}{}\n", family["name"].get<std::string>(),
                                      family["description"].get<std::string>(),
                                      family["verified"].get<bool>() ? "" : " (unverified)");
      }
      invocation.out << "data set layouts\n";
      for (const std::string& layout : dataset_layouts()) invocation.out << "  " << layout << "\n";
      invocation.out << "sampling schemes\n";
      for (const auto& [name, text] : schemes)
        invocation.out << fmt::format("  {:<10} {}\n", name, text);
      invocation.out << "probes\n  straightening  curvature, layer profile, ReStraV's and GeoPhys' "
                        "numbers, with nulls\n";
      return 0;
    };
  });
}

}  // namespace physprobe

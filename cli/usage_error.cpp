#include "physprobe/cli/usage_error.h"

#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {
namespace {

std::vector<std::string> subcommands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

const CLI::App* find_subcommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

const CLI::Option* find_flag(const CLI::App& app, const std::string& name) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->check_name(name)) return option;
  }
  return nullptr;
}

bool looks_like_a_flag(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' && (argument[1] < '0' || argument[1] > '9');
}

}  // namespace

UsageError explain_usage_error(const CLI::App& app,
                               const std::vector<std::string>& arguments,
                               const CLI::ParseError& error) {
  UsageError result{app.get_name(), error.what()};
  const CLI::App* current = &app;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") break;
    if (looks_like_a_flag(argument)) {
      const std::string name = argument.substr(0, argument.find('='));
      const CLI::Option* flag = find_flag(*current, name);
      if (flag == nullptr && argument[1] != '-') flag = find_flag(*current, argument.substr(0, 2));
      if (flag == nullptr) {
        result.message = fmt::format("'{}' is no flag of {}{}", name, result.command,
                                     did_you_mean(name, flags_of(*current)));
        break;
      }
      const bool has_own_value =
          argument.find('=') != std::string::npos || (argument[1] != '-' && argument.size() > 2);
      if (flag->get_items_expected_max() != 0 && !has_own_value) ++i;
      continue;
    }
    const std::vector<std::string> names = subcommands_of(*current);
    if (names.empty()) continue;
    const CLI::App* next = find_subcommand(*current, argument);
    if (next == nullptr) {
      result.message = fmt::format("'{}' is no subcommand of {}{}", argument, result.command,
                                   did_you_mean(argument, names));
      break;
    }
    current = next;
    result.command += " " + argument;
  }
  return result;
}

}  // namespace physprobe

#include "physprobe/cli/help_formatter.h"

#include <sstream>
#include <vector>

namespace physprobe {
namespace {

constexpr std::size_t kTextColumn = 30;
constexpr std::size_t kWidth = 100;

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> chosen;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() == positional) chosen.push_back(option);
  }
  return chosen;
}

bool takes_values(const CLI::Option& option) {
  return option.get_items_expected_max() != 0;
}

bool takes_many(const CLI::Option& option) {
  return option.get_items_expected_max() >= CLI::detail::expected_max_vector_size;
}

/// "-q, --quiet", "--threads INT".
std::string flag_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames())
    names += (names.empty() ? "--" : ", --") + name;
  if (takes_values(option)) {
    // What follows a colon comes from validators, in the library's own words.
    const std::string type = option.get_type_name();
    const std::string name = type.substr(0, type.find(':'));
    names += " " + (name == "INT" || name == "UINT" ? "N" : name);
  }
  return names;
}

std::string positional_name(const CLI::Option& option) {
  const std::string name = option.get_name(true, false) + (takes_many(option) ? " ..." : "");
  return option.get_required() ? name : "[" + name + "]";
}

/// The description with the accepted values, the default and whether it has to be given.
std::string flag_text(const CLI::Option& option) {
  std::string text = option.get_description();
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.rfind('}');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    std::string values = type.substr(open + 1, close - open - 1);
    for (std::size_t at = values.find(','); at != std::string::npos; at = values.find(',', at + 2))
      values.replace(at, 1, ", ");
    text += ": " + values;
  }
  if (option.get_required() && !option.get_positional()) text += " (required)";
  if (!option.get_default_str().empty()) text += " [" + option.get_default_str() + "]";
  return text;
}

/// Appends `text` from `column` on, wrapped between words; the cursor stands at `used`.
void wrap(std::ostream& out, const std::string& text, std::size_t used, std::size_t column) {
  if (used + 2 > column && used > 0) {
    out << "\n";
    used = 0;
  }
  if (used < column) out << std::string(column - used, ' ');
  std::size_t at = column;
  std::istringstream words(text);
  bool is_first = true;
  for (std::string word; words >> word;) {
    if (!is_first && at + 1 + word.size() > kWidth) {
      out << "\n" << std::string(column, ' ');
      at = column;
      is_first = true;
    }
    if (!is_first) {
      out << ' ';
      ++at;
    }
    out << word;
    at += word.size();
    is_first = false;
  }
  out << "\n";
}

void row(std::ostream& out, const std::string& name, const std::string& text) {
  out << "  " << name;
  wrap(out, text, 2 + name.size(), kTextColumn);
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app,
                                     std::string name,
                                     CLI::AppFormatMode /*mode*/) const {
  std::ostringstream out;
  const auto positionals = options_of(*app, true);
  const auto flags = options_of(*app, false);
  const auto subcommands = app->get_subcommands([](const CLI::App*) { return true; });
  wrap(out, app->get_description(), 0, 0);
  // A subcommand's own name is only its last word; the parents' stand before it.
  std::string full_name = app->get_name();
  for (const CLI::App* parent = app->get_parent(); parent != nullptr; parent = parent->get_parent())
    full_name = parent->get_name() + " " + full_name;
  if (full_name.empty()) full_name = name;
  out << "\nusage: " << full_name;
  for (const CLI::Option* option : positionals) out << " " << positional_name(*option);
  for (const CLI::Option* option : flags) {
    if (option->get_required()) out << " " << flag_names(*option);
  }
  out << " [flags]";
  if (!subcommands.empty()) out << " SUBCOMMAND";
  out << "\n";
  if (!positionals.empty()) {
    out << "\narguments\n";
    for (const CLI::Option* option : positionals)
      row(out, positional_name(*option), flag_text(*option));
  }
  out << "\nflags\n";
  for (const CLI::Option* option : flags) row(out, flag_names(*option), flag_text(*option));
  if (!subcommands.empty()) {
    out << "\nsubcommands\n";
    for (const CLI::App* command : subcommands)
      row(out, command->get_name(), command->get_description());
    out << "\n" << full_name << " SUBCOMMAND --help has its flags.\n";
  }
  return out.str();
}

}  // namespace physprobe

#include "physprobe/cli/command.h"

#include <cstdlib>

namespace physprobe {
namespace {

/// What is no number at all is left to CLI11, which says so.
CLI::Validator number_check(const char* expected, bool (*accepts)(double)) {
  return CLI::Validator(
      [expected, accepts](const std::string& text) {
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        const bool is_number = !text.empty() && *end == '\0';
        return !is_number || accepts(value) ? std::string()
                                            : "is " + text + "; expected " + expected;
      },
      "");
}

}  // namespace

CLI::Validator above_zero() {
  return number_check("a number above 0", [](double value) { return value > 0.0; });
}

CLI::Validator zero_or_more() {
  return number_check("0 or more", [](double value) { return value >= 0.0; });
}

void CommonFlags::add_json(CLI::App& app) {
  app.add_flag("--json", json, "Print one JSON document on stdout");
}

void CommonFlags::add_execution(CLI::App& app) {
  app.add_option("--threads,--jobs", threads,
                 "Threads; 0 = all this process may use. Never changes a value")
      ->check(CLI::Range(0, 4096))
      ->type_name("N");
  app.add_option("--progress", progress, "Progress on stderr")
      ->check(CLI::IsMember({"auto", "bar", "lines", "none"}))
      ->type_name("HOW")
      ->capture_default_str();
  app.add_flag("-q,--quiet", quiet, "Results and errors only");
}

void CommonFlags::add_verbose(CLI::App& app) {
  app.add_flag("-v,--verbose", verbose, "Tell of every item and step on stderr");
}

void CommonFlags::add_device(CLI::App& app) {
  app.add_option(
         "--device", device,
         "Where encoders compute: cpu, for transformers cuda or cuda:N where LibTorch has it, "
         "for a model behind exec: what it understands. Never part of a cache key")
      ->type_name("DEVICE");
}

std::function<void(const std::string&)> CommonFlags::narrator(std::ostream& err) const {
  if (!verbose) return {};
  return [&err](const std::string& text) { err << text << std::endl; };
}

ProgressMode CommonFlags::progress_mode() const {
  if (quiet || progress == "none") return ProgressMode::kNone;
  if (progress == "bar") return ProgressMode::kBar;
  return progress == "lines" ? ProgressMode::kLines : ProgressMode::kAuto;
}

}  // namespace physprobe

#include "physprobe/eval/config_reader.h"

#include "physprobe/core/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace physprobe {

ConfigReader::ConfigReader(const Json& value, std::string prefix, ConfigTrail& trail)
    : value_(value.is_null() ? Json::object() : value), prefix_(std::move(prefix)), trail_(trail) {
  if (!value_.is_object()) {
    throw Error(ErrorKind::kUsage, trail_.subject,
                fmt::format("{}is {}, expected keys and values",
                            prefix_.empty() ? "" : "'" + prefix_ + "' ", value.dump()));
  }
}

std::string ConfigReader::dotted(const std::string& key) const {
  return prefix_.empty() ? key : prefix_ + "." + key;
}

bool ConfigReader::has(const std::string& key) const {
  return value_.contains(key) && !value_[key].is_null();
}

const ConfigReader::Json* ConfigReader::find(const std::string& key) {
  known_.push_back(key);
  const std::string path = dotted(key);
  const bool is_given = has(key);
  std::string origin = is_given ? "file" : "default";
  for (const std::string& name : trail_.overridden) {
    if (name == path || path.rfind(name + ".", 0) == 0) origin = "--set";
  }
  trail_.origins[path] = origin;
  return is_given ? &value_[key] : nullptr;
}

void ConfigReader::wrong_type(const std::string& key,
                              const Json& value,
                              const std::string& expected) {
  throw Error(ErrorKind::kUsage, trail_.subject,
              fmt::format("'{}' is {}, expected {}", dotted(key), value.dump(), expected));
}

void ConfigReader::unknown_name(const std::string& key,
                                const std::string& name,
                                const Error& error) {
  // What stands behind the semicolon are the names there are; the rest is said here.
  const std::string& message = error.message();
  const std::size_t offer = message.find(';');
  throw Error(ErrorKind::kUsage, trail_.subject,
              fmt::format("'{}' is '{}'{}", dotted(key), name,
                          offer == std::string::npos ? ": " + message : message.substr(offer)));
}

std::string ConfigReader::text(const std::string& key, const std::string& fallback) {
  std::string result = fallback;
  if (const Json* value = find(key)) {
    if (value->is_string()) {
      result = value->get<std::string>();
    } else if (value->is_number() || value->is_boolean()) {
      result = value->dump();
    } else {
      wrong_type(key, *value, "text");
    }
  }
  resolved_[key] = result;
  return result;
}

int64_t ConfigReader::integer(const std::string& key,
                              int64_t fallback,
                              int64_t minimum,
                              int64_t maximum) {
  int64_t result = fallback;
  if (const Json* value = find(key)) {
    // Beyond what doubles count exactly there is no bound worth naming.
    const std::string expected =
        maximum > (int64_t{1} << 53)
            ? fmt::format("a whole number, {} or more", minimum)
            : fmt::format("a whole number from {} to {}", minimum, maximum);
    if (!value->is_number_integer()) wrong_type(key, *value, expected);
    result = value->get<int64_t>();
    if (result < minimum || result > maximum) wrong_type(key, *value, expected);
  }
  resolved_[key] = result;
  return result;
}

double ConfigReader::number(const std::string& key,
                            double fallback,
                            double minimum,
                            double maximum) {
  double result = fallback;
  if (const Json* value = find(key)) {
    const std::string expected = fmt::format("a number from {} to {}", minimum, maximum);
    if (!value->is_number()) wrong_type(key, *value, expected);
    result = value->get<double>();
    if (!(result >= minimum && result <= maximum)) wrong_type(key, *value, expected);
  }
  resolved_[key] = result;
  return result;
}

bool ConfigReader::boolean(const std::string& key, bool fallback) {
  bool result = fallback;
  if (const Json* value = find(key)) {
    if (!value->is_boolean()) wrong_type(key, *value, "true or false");
    result = value->get<bool>();
  }
  resolved_[key] = result;
  return result;
}

std::vector<std::string> ConfigReader::texts(const std::string& key,
                                             const std::vector<std::string>& fallback) {
  std::vector<std::string> result = fallback;
  if (const Json* value = find(key)) {
    if (!value->is_array()) wrong_type(key, *value, "a list of names");
    result.clear();
    for (const Json& entry : *value) {
      if (!entry.is_string()) wrong_type(key, *value, "a list of names");
      result.push_back(entry.get<std::string>());
    }
  }
  resolved_[key] = result;
  return result;
}

std::map<std::string, std::string> ConfigReader::pairs(const std::string& key) {
  std::map<std::string, std::string> result;
  const Json& value = raw(key);
  if (value.is_null()) return result;
  if (!value.is_object()) wrong_type(key, value, "names for names, such as {id: clip_name}");
  for (const auto& [name, other] : value.items()) {
    if (!other.is_string()) wrong_type(fmt::format("{}.{}", key, name), other, "a name");
    result[name] = other.get<std::string>();
  }
  return result;
}

const ConfigReader::Json& ConfigReader::raw(const std::string& key) {
  const Json* value = find(key);
  resolved_[key] = value != nullptr ? *value : Json();
  return value != nullptr ? *value : null_;
}

void ConfigReader::resolve(const std::string& key, Json value) {
  resolved_[key] = std::move(value);
}

ConfigReader::Json ConfigReader::finish() {
  std::string problems;
  for (const auto& [key, value] : value_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    if (!problems.empty()) problems += "; ";
    problems += fmt::format("unknown key '{}'{}", dotted(key), did_you_mean(key, known_));
  }
  if (!problems.empty()) throw Error(ErrorKind::kUsage, trail_.subject, problems);
  return resolved_;
}

}  // namespace physprobe

#pragma once
// Strict reading of one configuration object: every key is asked for by name with its default; what
// nobody asked for is refused with the nearest valid key. Remembers the resolved values and where
// each came from.

#include "physprobe/core/error.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// Shared by all readers of one document.
struct ConfigTrail {
  std::string subject;                         ///< File name for messages.
  std::vector<std::string> overridden;         ///< Dotted keys set by --set.
  std::map<std::string, std::string> origins;  ///< Dotted key -> "default" | "file" | "--set".
};

class ConfigReader {
 public:
  using Json = nlohmann::ordered_json;

  /// `value` must be an object (or null = empty); `prefix` is its dotted path, "" for the root.
  ConfigReader(const Json& value, std::string prefix, ConfigTrail& trail);

  std::string text(const std::string& key, const std::string& fallback);
  int64_t integer(const std::string& key, int64_t fallback, int64_t minimum, int64_t maximum);
  double number(const std::string& key, double fallback, double minimum, double maximum);
  bool boolean(const std::string& key, bool fallback);
  /// A name that `from_name` turns into a value; an unknown one is refused with the file, the key
  /// and the names `from_name` offers instead.
  template <typename FromName>
  auto named(const std::string& key, const std::string& fallback, FromName from_name) {
    const std::string name = text(key, fallback);
    try {
      return from_name(name);
    } catch (const Error& error) {
      unknown_name(key, name, error);
    }
  }
  std::vector<std::string> texts(const std::string& key, const std::vector<std::string>& fallback);
  /// Names for names ("id: clip_name").
  std::map<std::string, std::string> pairs(const std::string& key);
  /// A nested object or list as it stands (null when absent), for a reader of its own.
  const Json& raw(const std::string& key);
  bool has(const std::string& key) const;
  std::string dotted(const std::string& key) const;

  /// Refuses keys nobody asked for. Call last. Returns the object with defaults filled in, in the
  /// order asked.
  Json finish();
  /// Replaces the resolved value of a nested key.
  void resolve(const std::string& key, Json value);

 private:
  const Json* find(const std::string& key);
  [[noreturn]] void wrong_type(const std::string& key,
                               const Json& value,
                               const std::string& expected);
  [[noreturn]] void unknown_name(const std::string& key,
                                 const std::string& name,
                                 const Error& error);

  Json value_;
  std::string prefix_;
  ConfigTrail& trail_;
  std::vector<std::string> known_;
  Json resolved_ = Json::object();
  Json null_;
};

}  // namespace physprobe

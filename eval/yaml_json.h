#pragma once
// YAML text as JSON values, so that one strict reader serves configurations of both kinds.

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace physprobe {

/// Scalars are typed by the YAML 1.2 core schema (bool, integer, float, null, else text; quoted =
/// text). Throws Error(kInput) with line and column for text that is not YAML, Error(kUsage) for a
/// key given twice.
nlohmann::ordered_json parse_yaml_as_json(const std::string& text, const std::string& subject);

/// The same for a file (JSON is YAML). Error(kInput) if it cannot be read.
nlohmann::ordered_json read_yaml_as_json(const std::string& path);

}  // namespace physprobe

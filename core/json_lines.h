#pragma once
// JSON text as physprobe writes it: doubles with the shortest digits that round-trip, NaN and
// infinity as null, keys in a fixed order; and files of one JSON object a line.

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace physprobe {

/// Compact one-line dump (no newline). Object keys are sorted (nlohmann::json) or kept
/// (ordered_json).
std::string dump_json(const nlohmann::json& value);
std::string dump_json(const nlohmann::ordered_json& value);
/// Indented by two spaces, newline at the end.
std::string dump_json_pretty(const nlohmann::ordered_json& value);

/// Parses a whole file. Throws Error(kInput) with line and column.
nlohmann::json read_json(const std::string& path);

/// Calls `body(line_number from 1, object)` for each non-empty line. Throws Error(kInput) naming
/// the line. `allow_torn_tail`: an unparsable last line without a newline is skipped (a process was
/// killed writing it).
void for_each_json_line(const std::string& path,
                        const std::function<void(int64_t, const nlohmann::json&)>& body,
                        bool allow_torn_tail = false);

}  // namespace physprobe

#include "physprobe/core/json_lines.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace physprobe {

namespace {

constexpr int kMaxDepth = 512;

/// nlohmann's own digits round-trip too but are not always the shortest; whole doubles keep a ".0"
/// so that they are read back as doubles.
std::string double_text(double value) {
  if (!std::isfinite(value)) return "null";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <typename Json>
std::string leaf_text(const Json& value) {
  if (value.is_number_float()) return double_text(value.template get<double>());
  try {
    return value.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::kInput, "",
                "a text to be written as JSON is not valid UTF-8: " +
                    value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                    "; rename the file or item it names");
  }
}

/// `indent` < 0: one line without spaces.
template <typename Json>
void append_json(const Json& value, int indent, int depth, std::string& out) {
  if (!value.is_structured() || value.empty()) {
    out += leaf_text(value);
    return;
  }
  const auto start_item = [&](bool is_first) {
    if (!is_first) out += ',';
    if (indent >= 0) {
      out += '\n';
      out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth + 1), ' ');
    }
  };
  const bool is_object = value.is_object();
  out += is_object ? '{' : '[';
  bool is_first = true;
  for (auto item = value.begin(); item != value.end(); ++item) {
    start_item(is_first);
    is_first = false;
    if (is_object) {
      out += leaf_text(Json(item.key()));
      out += indent >= 0 ? ": " : ":";
    }
    append_json(*item, indent, depth + 1, out);
  }
  if (indent >= 0) {
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
  }
  out += is_object ? '}' : ']';
}

/// nlohmann's message without its "[json.exception.parse_error.101]" tag and its own position.
std::string plain_message(const nlohmann::json::exception& error) {
  std::string text = error.what();
  const std::size_t tag_end = text.find("] ");
  if (tag_end != std::string::npos) text.erase(0, tag_end + 2);
  const std::size_t position =
      text.rfind("parse error", 0) == 0 ? text.find(": ") : std::string::npos;
  if (position != std::string::npos) text.erase(0, position + 2);
  return text;
}

struct Position {
  int64_t line;
  int64_t column;
};

Position position_of(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const std::size_t line_start = before.rfind('\n');
  return {1 + std::count(before.begin(), before.end(), '\n'),
          static_cast<int64_t>(before.size() -
                               (line_start == std::string_view::npos ? 0 : line_start + 1)) +
              1};
}

/// Throws nlohmann exceptions, and Error(kInput) for nesting that would exhaust the stack of
/// whoever walks it.
nlohmann::json parse_bounded(std::string_view text, const std::string& subject) {
  const auto refuse_deep = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kMaxDepth) {
      throw Error(ErrorKind::kInput, subject,
                  fmt::format("JSON nested deeper than {} levels", kMaxDepth));
    }
    return true;
  };
  // nlohmann takes a NUL byte for the end and would not look at what follows it.
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::kInput, subject, "contains a NUL byte; expected JSON text");
  }
  return nlohmann::json::parse(text.begin(), text.end(), refuse_deep);
}

class LineReader {
 public:
  explicit LineReader(const std::string& path) : file_(path) {}

  /// False at the end. `has_newline` says whether the line was ended by one.
  bool next(std::string& line, bool& has_newline) {
    line.clear();
    while (true) {
      const std::size_t end = buffer_.find('\n', position_);
      line.append(buffer_, position_, std::min(end, buffer_.size()) - position_);
      if (end != std::string::npos) {
        position_ = end + 1;
        has_newline = true;
        return true;
      }
      position_ = 0;
      buffer_.resize(static_cast<std::size_t>(
          std::min<uint64_t>(std::size_t{1} << 20, file_.size() - offset_)));
      if (buffer_.empty()) {
        has_newline = false;
        return !line.empty();
      }
      file_.read_at(offset_, buffer_.data(), buffer_.size());
      offset_ += buffer_.size();
    }
  }

 private:
  InputFile file_;
  uint64_t offset_ = 0;
  std::string buffer_;
  std::size_t position_ = 0;
};

}  // namespace

std::string dump_json(const nlohmann::json& value) {
  std::string text;
  append_json(value, -1, 0, text);
  return text;
}

std::string dump_json(const nlohmann::ordered_json& value) {
  std::string text;
  append_json(value, -1, 0, text);
  return text;
}

std::string dump_json_pretty(const nlohmann::ordered_json& value) {
  std::string text;
  append_json(value, 2, 0, text);
  return text + "\n";
}

nlohmann::json read_json(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return parse_bounded(text, path);
  } catch (const nlohmann::json::parse_error& error) {
    const Position at = position_of(text, error.byte > 0 ? error.byte - 1 : 0);
    throw Error(ErrorKind::kInput, path,
                fmt::format("line {}, column {}: {}", at.line, at.column, plain_message(error)));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, path, plain_message(error));
  }
}

void for_each_json_line(const std::string& path,
                        const std::function<void(int64_t, const nlohmann::json&)>& body,
                        bool allow_torn_tail) {
  LineReader reader(path);
  std::string line;
  bool has_newline = false;
  for (int64_t number = 1; reader.next(line, has_newline); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    nlohmann::json object;
    try {
      object = parse_bounded(line, fmt::format("{}:{}", path, number));
    } catch (const nlohmann::json::exception& error) {
      if (allow_torn_tail && !has_newline) return;
      throw Error(ErrorKind::kInput, path,
                  fmt::format("line {}: {}", number, plain_message(error)));
    }
    if (!object.is_object()) {
      throw Error(
          ErrorKind::kInput, path,
          fmt::format("line {}: is a JSON {}, expected an object", number, object.type_name()));
    }
    body(number, object);
  }
}

}  // namespace physprobe

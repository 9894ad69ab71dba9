#include "physprobe/eval/yaml_json.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <string>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// A plain (unquoted) scalar by the YAML 1.2 core schema.
Json plain_scalar(const std::string& text) {
  if (text.empty() || text == "null" || text == "Null" || text == "NULL" || text == "~") {
    return nullptr;
  }
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  int64_t integer = 0;
  const auto whole = std::from_chars(begin, end, integer);
  if (whole.ec == std::errc() && whole.ptr == end) return integer;
  // A leading digit, sign or dot is required: from_chars would also take "inf" and "nan".
  const char first = *begin;
  if ((first >= '0' && first <= '9') || first == '-' || first == '.') {
    double number = 0.0;
    const auto real = std::from_chars(begin, end, number);
    if (real.ec == std::errc() && real.ptr == end && std::isfinite(number)) return number;
  }
  return text;
}

Json convert(const YAML::Node& node, const std::string& subject) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      // yaml-cpp gives quoted scalars the tag "!" and plain ones "?".
      return node.Tag() == "!" ? Json(node.Scalar()) : plain_scalar(node.Scalar());
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& entry : node) list.push_back(convert(entry, subject));
      return list;
    }
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& entry : node) {
        const std::string key = entry.first.Scalar();
        if (object.contains(key)) {
          throw Error(ErrorKind::kUsage, subject,
                      fmt::format("line {}: key '{}' is given twice; keep one",
                                  entry.first.Mark().line + 1, key));
        }
        object[key] = convert(entry.second, subject);
      }
      return object;
    }
    default:
      return nullptr;
  }
}

}  // namespace

nlohmann::ordered_json parse_yaml_as_json(const std::string& text, const std::string& subject) {
  try {
    return convert(YAML::Load(text), subject);
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("is not valid YAML: line {}, column {}: {}", error.mark.line + 1,
                            error.mark.column + 1, error.msg));
  }
}

nlohmann::ordered_json read_yaml_as_json(const std::string& path) {
  return parse_yaml_as_json(read_file(path, std::size_t{16} << 20), path);
}

}  // namespace physprobe

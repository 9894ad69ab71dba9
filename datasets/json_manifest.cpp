#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/datasets/manifest_rows.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

namespace {

/// The members of one flat JSON object as texts. Works on the parser's events: numbers keep their
/// spelling, doubled keys are seen, and a line costs no tree.
class FlatObject final : public nlohmann::json_sax<nlohmann::json> {
 public:
  struct Member {
    std::string key;
    std::optional<std::string> text;  ///< Absent for null.
    bool is_nested = false;
  };
  std::vector<Member> members;
  std::string defect;

  void clear() {
    members.clear();
    defect.clear();
    depth_ = 0;
  }

  bool null() override { return keep(std::nullopt); }
  bool boolean(bool value) override { return keep(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return keep(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return keep(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& spelling) override {
    return keep(spelling);
  }
  bool string(string_t& value) override { return keep(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return keep(std::nullopt); }
  bool key(string_t& value) override {
    if (depth_ != 1) return true;
    const auto same = [&](const Member& member) { return member.key == value; };
    if (std::any_of(members.begin(), members.end(), same)) {
      defect = fmt::format("the key '{}' occurs twice", value);
      return false;
    }
    members.push_back({std::move(value), std::nullopt, false});
    return true;
  }
  bool start_object(std::size_t /*size*/) override { return open(true); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override { return open(false); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position,
                   const std::string& token,
                   const nlohmann::detail::exception& /*error*/) override {
    defect = fmt::format("is not valid JSON at column {}, at '{}'", position, token);
    return false;
  }

 private:
  bool refuse() {
    defect = "is not a JSON object; expected one object a line, such as {\"path\": \"a.mp4\"}";
    return false;
  }
  bool keep(std::optional<std::string> text) {
    if (depth_ == 0) return refuse();
    if (depth_ == 1) members.back().text = std::move(text);
    return true;
  }
  bool open(bool is_object) {
    if (depth_ == 0 && !is_object) return refuse();
    if (depth_ == kMaxDepth) {
      defect = "nests more than 64 levels deep";
      return false;
    }
    if (depth_ >= 1) members.back().is_nested = true;
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  static constexpr int kMaxDepth = 64;
  int depth_ = 0;
};

/// Compact text of the nested members, which the events do not give.
void fill_nested(std::string_view line, std::vector<FlatObject::Member>& members) {
  const auto is_nested = [](const FlatObject::Member& member) { return member.is_nested; };
  if (std::none_of(members.begin(), members.end(), is_nested)) return;
  const auto object = nlohmann::ordered_json::parse(line.begin(), line.end());
  for (FlatObject::Member& member : members) {
    if (member.is_nested) member.text = dump_json(object.at(member.key));
  }
}

std::vector<std::string> keys_of(const FlatObject& object) {
  std::vector<std::string> keys;
  for (const FlatObject::Member& member : object.members) keys.push_back(member.key);
  return keys;
}

/// `object` is cleared first; its storage serves every line.
void read_line(std::string_view line, int64_t number, FlatObject& object, ManifestRows& rows) {
  object.clear();
  const bool parsed = nlohmann::json::sax_parse(line.begin(), line.end(), &object);
  if (!parsed || !object.defect.empty()) {
    rows.listing().report(number, object.defect);
    return;
  }
  fill_nested(line, object.members);
  DatasetItem item;
  item.line = number;
  bool is_sound = true;
  bool has_path = false;
  for (FlatObject::Member& member : object.members) {
    has_path = has_path || member.key == rows.names().theirs("path");
    if (!member.text) continue;
    const auto& meanings = rows.names().meanings(member.key);
    std::string problem;
    if (member.is_nested && !meanings.empty()) {
      problem = fmt::format("'{}' is {}; expected text or a number", member.key, *member.text);
    } else {
      problem = store_cell(meanings, member.key, std::move(*member.text), item);
    }
    if (problem.empty()) continue;
    rows.listing().report(number, std::move(problem));
    is_sound = false;
  }
  if (!has_path) {
    rows.listing().report(number, rows.names().missing("path", keys_of(object)));
    is_sound = false;
  }
  rows.finish(std::move(item), is_sound);
}

}  // namespace

void read_json_rows(std::string_view text, ManifestRows& rows) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') {
    rows.listing().report(1, "is one JSON array; expected one object a line (JSON lines)");
    return;
  }
  rows.listing().items.reserve(
      static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  FlatObject object;
  for (int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    read_line(line, number, object, rows);
  }
}

}  // namespace physprobe

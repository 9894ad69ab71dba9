#include "physprobe/report/pair_table.h"

#include "physprobe/core/json_lines.h"
#include "physprobe/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

using Json = nlohmann::json;

std::string p_text(const Json& p) {
  if (!p.is_number()) return "–";
  const double value = p.get<double>();
  return value < 1e-4 ? fmt::format("{:.1e}", value) : fmt::format("{:.4f}", value);
}

/// Without its tags, for an attribute.
std::string plain(const std::string& html) {
  std::string text;
  bool is_tag = false;
  for (const char c : html) {
    if (c == '<') is_tag = true;
    if (!is_tag) text += c;
    if (c == '>') is_tag = false;
  }
  return text;
}

/// Every cell names its column: on a phone a row is a block, and the heads are not shown.
std::string with_heads(const std::string& rows,
                       const std::vector<std::pair<std::string, bool>>& heads) {
  std::string result;
  std::size_t column = 0;
  std::size_t copied = 0;
  for (std::size_t at = rows.find('<'); at != std::string::npos; at = rows.find('<', at + 1)) {
    const std::string tag = rows.substr(at, 3);
    if (tag == "<tr") column = 0;
    if (tag == "<th") ++column;
    if (tag != "<td") continue;
    result += rows.substr(copied, at + 3 - copied);
    copied = at + 3;
    if (column < heads.size()) result += fmt::format(" data-h=\"{}\"", plain(heads[column].first));
    ++column;
  }
  return result + rows.substr(copied);
}

}  // namespace

std::string pair_text(const Json& value) {
  return bdi(value.get<std::string>());
}

std::string scores_cells(const Json& scores) {
  const Json& pair = scores.at("pair_accuracy");
  const Json& single = scores.at("single_accuracy");
  return number_cell(pair.at("value"), 2, &pair.at("interval")) +
         number_cell(single.at("value"), 2, &single.at("interval"));
}

std::string p_cell(const Json& p) {
  return fmt::format("<td class=\"num\" data-v=\"{}\">{}</td>",
                     p.is_number() ? dump_json(p) : std::string(), p_text(p));
}

std::string pair_table(const std::string& css,
                       const std::vector<std::pair<std::string, bool>>& heads,
                       const std::string& rows,
                       const std::string& label) {
  std::string head;
  for (const auto& [text, is_number] : heads)
    head += fmt::format("<th scope=\"col\"{}>{}</th>", is_number ? " class=\"num\"" : "", text);
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table "
      "class=\"{}\"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
      escape_html(label), css, head, css == "summary" ? with_heads(rows, heads) : rows);
}

std::string left_out_note(std::size_t count, const char* where) {
  if (count <= kMostPairRows) return "";
  return fmt::format("<p class=\"note\">{} further rows are left out here; all stand in {}.</p>",
                     format_count(static_cast<int64_t>(count - kMostPairRows)), where);
}

std::string definition_row(const std::string& term, const std::string& text) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, text);
}

nlohmann::json groups_of(const nlohmann::json& model) {
  Json list = Json::array();
  if (model.contains("group")) list.push_back(model.at("group"));
  if (model.contains("groups")) {
    for (const Json& group : model.at("groups")) list.push_back(group);
  }
  return list;
}

}  // namespace physprobe

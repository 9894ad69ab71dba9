#include "physprobe/report/html.h"

#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace physprobe {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7f) {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string bdi(std::string_view text) {
  return "<bdi>" + escape_html(text) + "</bdi>";
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' ||
                          keep.find(c) != std::string_view::npos;
    if (is_plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string item_href(std::string_view id) {
  return "#item-" + percent_encode(id);
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto byte = [&](std::size_t k) {
      return k < left ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i + k])) : 0U;
    };
    const unsigned word = byte(0) << 16 | byte(1) << 8 | byte(2);
    out += kDigits[word >> 18 & 63];
    out += kDigits[word >> 12 & 63];
    out += left > 1 ? kDigits[word >> 6 & 63] : '=';
    out += left > 2 ? kDigits[word & 63] : '=';
  }
  return out;
}

std::string format_number(const nlohmann::json& value, int digits) {
  if (!value.is_number()) return "–";
  std::string text = fmt::format("{:.{}f}", value.get<double>(), digits);
  if (text[0] == '-') {
    // A rounded zero has no sign.
    const bool is_zero = text.find_first_of("123456789") == std::string::npos;
    text = (is_zero ? "" : "−") + text.substr(1);
  }
  return text;
}

std::string format_count(int64_t count) {
  std::string text = fmt::format("{}", count);
  for (int i = static_cast<int>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

std::string format_interval(const nlohmann::json& interval, int digits) {
  if (!interval.is_object() || !interval.contains("low") || !interval["low"].is_number() ||
      !interval.contains("high") || !interval["high"].is_number()) {
    return "";
  }
  return fmt::format("[{}, {}]", format_number(interval["low"], digits),
                     format_number(interval["high"], digits));
}

std::string number_cell(const nlohmann::json& value, int digits, const nlohmann::json* interval) {
  if (!value.is_number()) return "<td class=\"num none\" data-v=\"\">–</td>";
  std::string cell = fmt::format("<td class=\"num\" data-v=\"{}\">{}", dump_json(value),
                                 format_number(value, digits));
  const std::string text = interval ? format_interval(*interval, digits) : "";
  if (!text.empty()) {
    cell += fmt::format(" <span class=\"ci\" data-low=\"{}\" data-high=\"{}\">{}</span>",
                        dump_json((*interval)["low"]), dump_json((*interval)["high"]), text);
  }
  return cell + "</td>";
}

std::string script_json(const nlohmann::json& value) {
  std::string out;
  for (const char c : dump_json(value)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace physprobe

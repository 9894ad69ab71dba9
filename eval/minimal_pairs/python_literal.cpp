#include "physprobe/eval/minimal_pairs/python_literal.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <cstdint>

namespace physprobe {
namespace {

void append_utf8(uint32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    out += static_cast<char>(0x80 | (code_point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  std::vector<std::string> read() {
    skip_spaces();
    const char open = take();
    if (open != '[' && open != '(') fail("expected a list, '[' or '('");
    const char close = open == '[' ? ']' : ')';
    std::vector<std::string> strings;
    skip_spaces();
    while (peek() != close) {
      strings.push_back(read_string());
      skip_spaces();
      if (peek() == ',') {
        take();
        skip_spaces();
      } else if (peek() != close) {
        fail("expected ',' or the end of the list");
      }
    }
    take();
    skip_spaces();
    if (position_ != text_.size()) fail("text after the list");
    return strings;
  }

 private:
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  char take() {
    if (position_ >= text_.size()) fail("ends too early");
    return text_[position_++];
  }
  [[noreturn]] void fail(const char* what) const {
    throw Error(ErrorKind::kInput, "list of strings",
                fmt::format("{} at position {} of {}", what, position_, text_));
  }
  void skip_spaces() {
    while (position_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos)
      ++position_;
  }

  std::string read_string() {
    std::string value;
    do {
      if (peek() == 'u') ++position_;
      const char quote = peek();
      if (quote != '\'' && quote != '"') fail("expected a string in quotes");
      ++position_;
      for (char c = take(); c != quote; c = take()) {
        if (c == '\n') fail("a line ends inside a string");
        if (c == '\\') {
          read_escape(value);
        } else {
          value += c;
        }
      }
      skip_spaces();
    } while (peek() == '\'' || peek() == '"');
    return value;
  }

  void read_escape(std::string& value) {
    const char c = take();
    static constexpr std::string_view kNames = "abfnrtv\\'\"";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"";
    const std::size_t known = kNames.find(c);
    if (known != std::string_view::npos) {
      value += kValues[known];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      append_utf8(read_number(c == 'x' ? 2 : c == 'u' ? 4 : 8), value);
    } else if (c >= '0' && c <= '7') {
      uint32_t number = static_cast<uint32_t>(c - '0');
      for (int i = 0; i < 2 && peek() >= '0' && peek() <= '7'; ++i)
        number = number * 8 + static_cast<uint32_t>(take() - '0');
      append_utf8(number, value);
    } else if (c == 'N') {
      fail("characters by name (\\N) are not read");
    } else if (c != '\n') {  // unknown escapes stay as they are
      value += '\\';
      value += c;
    }
  }

  uint32_t read_number(int digits) {
    uint32_t number = 0;
    for (int i = 0; i < digits; ++i) {
      const char c = take();
      const std::size_t digit = std::string_view("0123456789abcdef")
                                    .find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == std::string_view::npos) fail("expected a hexadecimal digit");
      number = number * 16 + static_cast<uint32_t>(digit);
    }
    if (number > 0x10FFFF || (number >= 0xD800 && number < 0xE000))
      fail("a number that is no character");
    return number;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

std::vector<std::string> parse_python_strings(std::string_view text) {
  return LiteralReader(text).read();
}

}  // namespace physprobe

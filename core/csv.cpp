#include "physprobe/core/csv.h"

#include "physprobe/core/error.h"
#include "physprobe/core/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace physprobe {

namespace {

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& subject) : text_(text), subject_(subject) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) position_ = kByteOrderMark.size();
  }

  std::vector<CsvRow> parse() {
    refuse_other_encodings();
    std::vector<CsvRow> rows;
    while (position_ < text_.size()) {
      if (take_line_end()) continue;  // a line without any character
      CsvRow row;
      row.line = line_;
      while (true) {
        row.fields.push_back(peek() == '"' ? quoted_field() : plain_field());
        if (position_ == text_.size() || take_line_end()) break;
        ++position_;  // the comma, the only other character a field stops at
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  [[noreturn]] void fail(int64_t line, const std::string& defect) const {
    throw Error(ErrorKind::kInput, subject_, fmt::format("line {}: {}", line, defect));
  }

  void refuse_other_encodings() const {
    const std::string_view mark = text_.substr(0, 2);
    if (mark == "\xFF\xFE" || mark == "\xFE\xFF")
      throw Error(ErrorKind::kInput, subject_, "is UTF-16; save it as UTF-8");
    if (const std::optional<std::size_t> at = first_invalid_utf8(text_)) {
      fail(1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(*at), '\n'),
           fmt::format("is not UTF-8 (byte 0x{:02X}); save the file as UTF-8",
                       static_cast<unsigned char>(text_[*at])));
    }
  }

  bool take_line_end() {
    if (peek() == '\n') {
      ++position_;
    } else if (peek() == '\r' && position_ < text_.size()) {
      if (position_ + 1 >= text_.size() || text_[position_ + 1] != '\n') {
        fail(line_, "carriage return without line feed; save the file with LF or CRLF line ends");
      }
      position_ += 2;
    } else {
      return false;
    }
    ++line_;
    return true;
  }

  std::string plain_field() {
    const std::size_t begin = position_;
    position_ =
        std::min(text_.find_first_of(std::string_view(",\n\r\"\0", 5), begin), text_.size());
    if (position_ < text_.size() && text_[position_] == '"') {
      fail(line_,
           "quote inside an unquoted field; enclose the field in quotes and double the quote");
    }
    refuse_nul();
    return std::string(text_.substr(begin, position_ - begin));
  }

  std::string quoted_field() {
    const int64_t first_line = line_;
    std::string field;
    ++position_;
    while (true) {
      const std::size_t begin = position_;
      position_ = std::min(text_.find_first_of(std::string_view("\"\n\0", 3), begin), text_.size());
      field.append(text_.substr(begin, position_ - begin));
      if (position_ == text_.size()) {
        fail(first_line, "the quote that opens a field on this line is never closed");
      }
      refuse_nul();
      const char stopped_at = text_[position_++];
      if (stopped_at == '\n') {
        field.push_back('\n');
        ++line_;
      } else if (peek() == '"' && position_ < text_.size()) {
        field.push_back('"');
        ++position_;
      } else {
        break;
      }
    }
    refuse_nul();
    if (position_ < text_.size() && peek() != ',' && peek() != '\n' && peek() != '\r') {
      fail(line_, "text after the closing quote of a field; expected a comma or the line's end");
    }
    return field;
  }

  void refuse_nul() const {
    if (position_ < text_.size() && text_[position_] == '\0') {
      fail(line_, "contains a NUL byte; expected UTF-8 text");
    }
  }

  std::string_view text_;
  const std::string& subject_;
  std::size_t position_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& subject) {
  return CsvParser(text, subject).parse();
}

CsvWriter::CsvWriter(const std::vector<std::string>& heading) {
  for (const std::string& name : heading) cell(name);
  end_row();
}

void CsvWriter::separate() {
  if (cells_in_row_++ > 0) text_ += ',';
}

CsvWriter& CsvWriter::cell(std::string_view text) {
  separate();
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    text_ += text;
    return *this;
  }
  text_ += '"';
  for (const char c : text) {
    if (c == '"') text_ += '"';
    text_ += c;
  }
  text_ += '"';
  return *this;
}

CsvWriter& CsvWriter::cell(double value) {
  separate();
  if (std::isfinite(value)) text_ += fmt::format("{}", value);
  return *this;
}

CsvWriter& CsvWriter::cell(int64_t value) {
  separate();
  text_ += std::to_string(value);
  return *this;
}

CsvWriter& CsvWriter::empty_cell() {
  separate();
  return *this;
}

void CsvWriter::end_row() {
  if (cells_expected_ == 0) cells_expected_ = cells_in_row_;
  if (cells_in_row_ != cells_expected_) {
    throw Error(
        ErrorKind::kInternal, "",
        fmt::format("CSV row of {} cells in a table of {}", cells_in_row_, cells_expected_));
  }
  text_ += '\n';
  cells_in_row_ = 0;
}

}  // namespace physprobe

#pragma once
// Comma-separated values after RFC 4180: manifests and published score tables come in, result
// tables go out.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace physprobe {

struct CsvRow {
  int64_t line = 0;  ///< Line on which the row starts, from 1 (quoted fields may span lines).
  std::vector<std::string> fields;
};

/// All rows, the heading included; lines without any character are left out. Accepts a UTF-8 byte
/// order mark, LF or CRLF, and a last line without an end. Strict otherwise: a quote inside an
/// unquoted field, text after a closing quote, an unclosed quote, a lone carriage return, a NUL
/// byte or bytes that are not UTF-8 throw Error(kInput) with `subject` (the file's name) and the
/// line. Rows may differ in their number of fields: the caller, who knows the heading, reports that
/// together with its other findings.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& subject);

/// Builds CSV text cell by cell. Text is quoted when it must be; doubles get the shortest digits
/// that round-trip; NaN and infinity leave the cell empty (as they are null in JSON). Lines end in
/// LF.
class CsvWriter {
 public:
  CsvWriter() = default;
  /// Starts with a heading; every row must then have as many cells.
  explicit CsvWriter(const std::vector<std::string>& heading);

  CsvWriter& cell(std::string_view text);
  CsvWriter& cell(const char* text) { return cell(std::string_view(text)); }
  CsvWriter& cell(double value);
  CsvWriter& cell(int64_t value);
  CsvWriter& cell(int value) { return cell(static_cast<int64_t>(value)); }
  CsvWriter& empty_cell();
  /// Throws Error(kInternal) if the row's number of cells differs from the first row's.
  void end_row();

  const std::string& text() const { return text_; }

 private:
  void separate();

  std::string text_;
  std::size_t cells_in_row_ = 0;
  std::size_t cells_expected_ = 0;
};

}  // namespace physprobe

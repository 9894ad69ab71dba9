#include "physprobe/core/safetensors_header.h"

#include "physprobe/core/error.h"
#include "physprobe/core/utf8.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

namespace physprobe {

namespace {

constexpr std::size_t kMaxDimensions = 8;
constexpr const char* kMetadataKey = "__metadata__";

struct DtypeEntry {
  std::string_view name;
  int64_t size_bytes;
  std::optional<ElementType> type;
};

const std::array<DtypeEntry, 17> kDtypes = {{{"BOOL", 1, ElementType::kBool},
                                             {"U8", 1, ElementType::kU8},
                                             {"I8", 1, ElementType::kI8},
                                             {"F8_E5M2", 1, std::nullopt},
                                             {"F8_E4M3", 1, std::nullopt},
                                             {"F8_E8M0", 1, std::nullopt},
                                             {"I16", 2, ElementType::kI16},
                                             {"U16", 2, ElementType::kU16},
                                             {"F16", 2, ElementType::kF16},
                                             {"BF16", 2, ElementType::kBF16},
                                             {"I32", 4, ElementType::kI32},
                                             {"U32", 4, ElementType::kU32},
                                             {"F32", 4, ElementType::kF32},
                                             {"I64", 8, ElementType::kI64},
                                             {"U64", 8, ElementType::kU64},
                                             {"F64", 8, ElementType::kF64},
                                             {"C64", 8, std::nullopt}}};

const DtypeEntry* find_dtype(std::string_view name) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const DtypeEntry& entry) { return entry.name == name; });
  return found == kDtypes.end() ? nullptr : &*found;
}

/// Builds entries while the text is read, so that doubled keys are seen and deep nesting never
/// builds up.
class HeaderEvents final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderEvents(const std::string& path) : path_(path) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return refuse_value("null"); }
  bool boolean(bool) override { return refuse_value("a truth value"); }
  bool number_float(number_float_t, const string_t& text) override { return refuse_value(text); }
  bool binary(binary_t&) override { return refuse_value("binary data"); }
  bool number_integer(number_integer_t value) override {
    return refuse_value(std::to_string(value));
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (level_ != Level::kNumbers) return refuse_value(std::to_string(value));
    if (field_ == "shape") {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return refuse_value(std::to_string(value));
      }
      if (entry_.shape.size() == kMaxDimensions) {
        fail(fmt::format("tensor '{}' has more than {} dimensions", entry_.name, kMaxDimensions));
      }
      entry_.shape.push_back(static_cast<int64_t>(value));
    } else {
      if (offsets_seen_ < 2) (offsets_seen_ == 0 ? entry_.begin : entry_.end) = value;
      ++offsets_seen_;
    }
    return true;
  }

  bool string(string_t& value) override {
    if (level_ == Level::kMetadata) {
      header_.metadata[field_] = value;
      return true;
    }
    if (level_ != Level::kEntry || field_ != "dtype") return refuse_value("a text");
    if (find_dtype(value) == nullptr) {
      fail(fmt::format("tensor '{}' has the unknown dtype '{}'", entry_.name, value));
    }
    entry_.dtype = value;
    return true;
  }

  bool start_object(std::size_t) override {
    if (level_ == Level::kOutside) {
      level_ = Level::kTop;
    } else if (level_ == Level::kTop) {
      level_ = is_metadata_ ? Level::kMetadata : Level::kEntry;
      seen_fields_.clear();
    } else {
      return refuse_value("an object");
    }
    return true;
  }

  bool key(string_t& name) override {
    if (level_ == Level::kTop) {
      if (!names_.insert(name).second) fail(fmt::format("the name '{}' occurs twice", name));
      is_metadata_ = name == kMetadataKey;
      entry_ = TensorEntry{};
      entry_.name = name;
      offsets_seen_ = 0;
      return true;
    }
    if (!seen_fields_.insert(name).second) {
      fail(fmt::format("'{}' has the key '{}' twice", entry_.name, name));
    }
    if (level_ == Level::kEntry && name != "dtype" && name != "shape" && name != "data_offsets") {
      fail(fmt::format("tensor '{}' has the unknown key '{}', expected dtype, shape, data_offsets",
                       entry_.name, name));
    }
    field_ = name;
    return true;
  }

  bool end_object() override {
    if (level_ == Level::kEntry) {
      if (seen_fields_.size() != 3) {
        fail(fmt::format("tensor '{}' lacks one of dtype, shape, data_offsets", entry_.name));
      }
      header_.entries.push_back(std::move(entry_));
    }
    level_ = level_ == Level::kTop ? Level::kOutside : Level::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (level_ != Level::kEntry || field_ == "dtype") return refuse_value("a list");
    level_ = Level::kNumbers;
    return true;
  }

  bool end_array() override {
    if (field_ == "data_offsets" && offsets_seen_ != 2) {
      fail(fmt::format("tensor '{}' has {} data_offsets, expected 2", entry_.name, offsets_seen_));
    }
    level_ = Level::kEntry;
    return true;
  }

  bool parse_error(std::size_t position,
                   const std::string&,
                   const nlohmann::detail::exception&) override {
    fail(fmt::format("is not valid JSON at byte {}", position));
  }

 private:
  enum class Level { kOutside, kTop, kMetadata, kEntry, kNumbers };

  [[noreturn]] void fail(const std::string& defect) const {
    throw Error(ErrorKind::kInput, path_, "its safetensors header " + defect);
  }

  [[noreturn]] bool refuse_value(const std::string& found) const {
    switch (level_) {
      case Level::kMetadata:
        fail(fmt::format("has {} as metadata '{}', expected a text", found, field_));
      case Level::kNumbers:
        fail(fmt::format("tensor '{}' has {} in {}, expected whole numbers from 0 to 2^63 - 1",
                         entry_.name, found, field_));
      case Level::kEntry:
        fail(fmt::format("tensor '{}' has {} as {}, expected {}", entry_.name, found, field_,
                         field_ == "dtype" ? "a text" : "a list of whole numbers"));
      default:
        fail(fmt::format("has {} as '{}', expected an object", found, entry_.name));
    }
  }

  const std::string& path_;
  SafetensorsHeader header_;
  Level level_ = Level::kOutside;
  bool is_metadata_ = false;
  TensorEntry entry_;
  std::string field_;
  int offsets_seen_ = 0;
  std::set<std::string> names_;
  std::set<std::string> seen_fields_;
};

void check_sizes(const std::string& path, const std::vector<TensorEntry>& entries) {
  for (const TensorEntry& entry : entries) {
    const auto fail = [&](const std::string& defect) {
      throw Error(ErrorKind::kInput, path,
                  fmt::format("its safetensors header tensor '{}' {}", entry.name, defect));
    };
    int64_t elements = 0, bytes = 0;
    if (!count_elements(entry.shape, find_dtype(entry.dtype)->size_bytes, elements, bytes)) {
      fail("has a shape whose product does not fit 63 bits");
    }
    if (entry.begin > entry.end) {
      fail(fmt::format("begins at byte {} and ends before, at {}", entry.begin, entry.end));
    }
    if (entry.end - entry.begin != static_cast<uint64_t>(bytes)) {
      fail(fmt::format("has {} bytes, expected {} from its shape and dtype",
                       entry.end - entry.begin, bytes));
    }
  }
}

/// The tensors must cover the data exactly, as the format demands: no overlap, no hole, nothing
/// after.
void check_coverage(const std::string& path,
                    const std::vector<TensorEntry>& entries,
                    uint64_t data_size_bytes) {
  std::vector<const TensorEntry*> by_position;
  by_position.reserve(entries.size());
  for (const TensorEntry& entry : entries) by_position.push_back(&entry);
  std::stable_sort(by_position.begin(), by_position.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t position = 0;
  for (const TensorEntry* entry : by_position) {
    if (entry->begin != position) {
      throw Error(
          ErrorKind::kInput, path,
          fmt::format("its safetensors header {} tensor '{}', which begins at byte {} of the data "
                      "where {} was expected",
                      entry->begin < position ? "has an overlap at" : "leaves a hole before",
                      entry->name, entry->begin, position));
    }
    position = entry->end;
  }
  if (position > data_size_bytes) {
    throw Error(
        ErrorKind::kInput, path,
        fmt::format("its tensors need {} bytes of data but only {} follow the header (truncated)",
                    position, data_size_bytes));
  }
  if (position < data_size_bytes) {
    throw Error(
        ErrorKind::kInput, path,
        fmt::format("has {} trailing bytes after its last tensor", data_size_bytes - position));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& path,
                                           std::string_view text,
                                           uint64_t data_size_bytes) {
  if (text.empty() || text[0] != '{') {
    throw Error(ErrorKind::kInput, path, "its safetensors header does not start with '{'");
  }
  if (first_invalid_utf8(text)) {
    throw Error(ErrorKind::kInput, path, "its safetensors header is not valid UTF-8");
  }
  // The JSON library takes a NUL byte for the end and would not look at what follows it.
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    throw Error(ErrorKind::kInput, path,
                fmt::format("its safetensors header is not valid JSON at byte {} (NUL)", nul));
  }
  HeaderEvents events(path);
  nlohmann::json::sax_parse(text.begin(), text.end(), &events);
  SafetensorsHeader header = events.take();
  std::sort(header.entries.begin(), header.entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  check_sizes(path, header.entries);
  check_coverage(path, header.entries, data_size_bytes);
  return header;
}

std::optional<ElementType> element_type_of_dtype(const std::string& dtype) {
  const DtypeEntry* entry = find_dtype(dtype);
  return entry == nullptr ? std::nullopt : entry->type;
}

}  // namespace physprobe

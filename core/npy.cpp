#include "physprobe/core/npy.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/element_type.h"
#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/npy_format.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <numeric>
#include <string_view>

namespace physprobe {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kMaxHeaderBytes = 1'000'000;
constexpr std::size_t kMaxDimensions = 32;

struct DescrEntry {
  std::string_view code;  // kind and size, without the byte order
  ElementType type;
};

constexpr std::array<DescrEntry, 12> kDescr = {{{"b1", ElementType::kBool},
                                                {"u1", ElementType::kU8},
                                                {"u2", ElementType::kU16},
                                                {"u4", ElementType::kU32},
                                                {"u8", ElementType::kU64},
                                                {"i1", ElementType::kI8},
                                                {"i2", ElementType::kI16},
                                                {"i4", ElementType::kI32},
                                                {"i8", ElementType::kI64},
                                                {"f2", ElementType::kF16},
                                                {"f4", ElementType::kF32},
                                                {"f8", ElementType::kF64}}};

/// Bytes of one text of an array of text ("<U12": UTF-32, "|S7": bytes); 0 for other arrays.
int64_t text_size(const std::string& descr) {
  if (descr.size() < 3 || (descr[1] != 'U' && descr[1] != 'S')) return 0;
  int64_t length = 0;
  const char* end = descr.data() + descr.size();
  const auto parsed = std::from_chars(descr.data() + 2, end, length);
  constexpr int64_t kMaxLength = 1'000'000;
  if (parsed.ec != std::errc() || parsed.ptr != end || length < 1 || length > kMaxLength) return 0;
  return descr[1] == 'U' ? 4 * length : length;
}

/// The header's dictionary: a Python literal of exactly three keys.
class DictionaryParser {
 public:
  DictionaryParser(const std::string& subject, std::string_view text)
      : subject_(subject), text_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        header.descr = descr();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.fortran_order = truth();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.shape = shape();
      } else {
        fail(fmt::format("key '{}' is unknown or doubled; expected descr, fortran_order, shape",
                         key));
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (position_ != text_.size()) fail("text after the dictionary");
    if (!has_descr || !has_order || !has_shape) {
      fail("a key is missing; expected descr, fortran_order and shape");
    }
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& defect) const {
    throw Error(ErrorKind::kInput, subject_,
                fmt::format("malformed .npy header at character {}: {}", position_, defect));
  }

  void skip_space() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n' ||
                                        text_[position_] == '\t' || text_[position_] == '\r')) {
      ++position_;
    }
  }

  bool take(char wanted) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  void expect(char wanted) {
    if (!take(wanted)) fail(fmt::format("expected '{}'", wanted));
  }

  std::string quoted() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail("a text is not closed");
    const std::string value(text_.substr(position_, end - position_));
    position_ = end + 1;
    return value;
  }

  std::string descr() {
    skip_space();
    if (position_ < text_.size() && text_[position_] == '[') {
      throw Error(ErrorKind::kInput, subject_,
                  "holds records (a structured dtype); save each field as an array of its own");
    }
    return quoted();
  }

  bool truth() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(position_, word.size()) == word) {
        position_ += word.size();
        return value;
      }
    }
    fail("fortran_order is neither True nor False");
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> dimensions;
    expect('(');
    while (!take(')')) {
      skip_space();
      int64_t value = 0;
      const char* begin = text_.data() + position_;
      const auto parsed = std::from_chars(begin, text_.data() + text_.size(), value);
      if (parsed.ec != std::errc() || value < 0) {
        fail("a dimension of shape is not a whole number from 0 to 2^63 - 1");
      }
      position_ += static_cast<std::size_t>(parsed.ptr - begin);
      dimensions.push_back(value);
      if (dimensions.size() > kMaxDimensions) fail("more than 32 dimensions");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return dimensions;
  }

  const std::string& subject_;
  std::string_view text_;
  std::size_t position_ = 0;
};

ElementType element_type_of(const std::string& subject, const std::string& descr) {
  const std::string_view code =
      std::string_view(descr).substr(std::min<std::size_t>(1, descr.size()));
  const char order = descr.empty() ? '\0' : descr[0];
  const bool has_order = order == '<' || order == '>' || order == '|' || order == '=';
  if (has_order && !code.empty() && code[0] == 'O') {
    throw Error(
        ErrorKind::kInput, subject,
        "holds Python objects, which are programs and not data; save it with a numeric dtype");
  }
  if (has_order) {
    for (const DescrEntry& entry : kDescr) {
      if (entry.code == code) return entry.type;
    }
  }
  // NumPy has no name for bfloat16 and saves it as raw bytes.
  const char* hint =
      has_order && code == "V2" ? " (bfloat16? save it as float32, or in a .safetensors file)" : "";
  throw Error(
      ErrorKind::kInput, subject,
      fmt::format("has dtype '{}'{}, expected boolean, integer or real numbers of 1 to 8 bytes",
                  descr, hint));
}

}  // namespace

NpyHeader parse_npy_header(const std::string& subject,
                           uint64_t size_bytes,
                           const NpyByteReader& read) {
  std::array<unsigned char, 12> prefix{};
  const uint64_t available = std::min<uint64_t>(prefix.size(), size_bytes);
  read(0, prefix.data(), static_cast<std::size_t>(available));
  if (available < 10 || std::memcmp(prefix.data(), kMagic.data(), kMagic.size()) != 0) {
    throw Error(ErrorKind::kInput, subject, "is no .npy array: it does not start with \\x93NUMPY");
  }
  const int version = prefix[6];
  if (version < 1 || version > 3) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("has .npy format version {}, expected 1, 2 or 3", version));
  }
  const uint64_t prefix_size = version == 1 ? 10 : 12;
  uint64_t length = prefix[8] | static_cast<uint64_t>(prefix[9]) << 8;
  if (version > 1) {
    length |= static_cast<uint64_t>(prefix[10]) << 16 | static_cast<uint64_t>(prefix[11]) << 24;
  }
  if (available < prefix_size || length > size_bytes - prefix_size || length > kMaxHeaderBytes) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("claims a header of {} bytes but has {} bytes in all (limit {})",
                            length, size_bytes, kMaxHeaderBytes));
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  read(prefix_size, text.data(), text.size());
  NpyHeader header = DictionaryParser(subject, text).parse();
  header.data_offset = prefix_size + length;
  int64_t elements = 0, bytes = 0;
  const int64_t of_text = text_size(header.descr);
  const int64_t size = of_text > 0 ? of_text : element_size(element_type_of(subject, header.descr));
  if (!count_elements(header.shape, size, elements, bytes)) {
    throw Error(ErrorKind::kInput, subject, "the product of its shape does not fit 63 bits");
  }
  if (static_cast<uint64_t>(bytes) != size_bytes - header.data_offset) {
    throw Error(
        ErrorKind::kInput, subject,
        fmt::format("has {} bytes of elements, expected {} from its shape and dtype (truncated, or "
                    "something was appended)",
                    size_bytes - header.data_offset, bytes));
  }
  return header;
}

at::Tensor read_npy_elements(const std::string& subject,
                             const NpyHeader& header,
                             int64_t begin,
                             int64_t end,
                             const NpyByteReader& read) {
  const ElementType type = element_type_of(subject, header.descr);
  const int64_t size = element_size(type);
  std::vector<int64_t> shape = header.shape;
  int64_t row_bytes = size;
  for (std::size_t i = 1; i < shape.size(); ++i) row_bytes *= shape[i];
  if (!shape.empty()) shape[0] = end - begin;
  // In Fortran order the bytes are those of the transposed array in C order: a block of rows is a
  // piece of each of its columns.
  const bool is_scattered =
      header.fortran_order && shape.size() > 1 && end - begin != header.shape[0];
  if (header.fortran_order) std::reverse(shape.begin(), shape.end());
  const bool is_foreign = header.descr[0] == '>' && size > 1;
  at::Tensor tensor = read_elements(subject, type, shape, [&](void* out, std::size_t bytes) {
    char* elements = static_cast<char*>(out);
    if (is_scattered) {
      const auto piece = static_cast<std::size_t>((end - begin) * size);
      for (int64_t column = 0; column < row_bytes / size; ++column) {
        const int64_t first = column * header.shape[0] + begin;
        read(header.data_offset + static_cast<uint64_t>(first * size),
             elements + static_cast<std::size_t>(column) * piece, piece);
      }
    } else {
      read(header.data_offset + static_cast<uint64_t>(begin * row_bytes), out, bytes);
    }
    if (is_foreign) {
      for (std::size_t i = 0; i < bytes; i += static_cast<std::size_t>(size)) {
        std::reverse(elements + i, elements + i + size);
      }
    }
  });
  if (!header.fortran_order) return tensor;
  std::vector<int64_t> order(shape.size());
  std::iota(order.rbegin(), order.rend(), int64_t{0});
  return tensor.permute(order).contiguous();
}

at::Tensor read_npy_array(const std::string& subject,
                          const NpyHeader& header,
                          const NpyByteReader& read) {
  return read_npy_elements(subject, header, 0, header.shape.empty() ? 1 : header.shape[0], read);
}

void require_rows(const std::string& subject,
                  const std::vector<int64_t>& shape,
                  int64_t begin,
                  int64_t end) {
  if (shape.empty() || begin < 0 || begin > end || end > shape[0]) {
    throw Error(
        ErrorKind::kInput, subject,
        fmt::format("has {} rows, asked for [{}, {})", shape.empty() ? 0 : shape[0], begin, end));
  }
}

namespace {

NpyByteReader reader_of(const InputFile& file) {
  return
      [&file](uint64_t offset, void* out, std::size_t count) { file.read_at(offset, out, count); };
}

}  // namespace

NpyHeader read_npy_header(const std::string& path) {
  const InputFile file(path);
  return parse_npy_header(path, file.size(), reader_of(file));
}

at::Tensor read_npy(const std::string& path) {
  const InputFile file(path);
  const NpyByteReader read = reader_of(file);
  return read_npy_array(path, parse_npy_header(path, file.size(), read), read);
}

at::Tensor read_npy_rows(const std::string& path, int64_t begin, int64_t end) {
  const InputFile file(path);
  const NpyByteReader read = reader_of(file);
  const NpyHeader header = parse_npy_header(path, file.size(), read);
  require_rows(path, header.shape, begin, end);
  return read_npy_elements(path, header, begin, end, read);
}

std::vector<std::string> read_npy_texts(const std::string& path) {
  const InputFile file(path);
  const NpyByteReader read = reader_of(file);
  return read_npy_text_elements(path, parse_npy_header(path, file.size(), read), read);
}

void write_npy(const std::string& path, const at::Tensor& tensor) {
  const char* descr = nullptr;
  if (tensor.scalar_type() == at::kFloat) descr = "<f4";
  if (tensor.scalar_type() == at::kDouble) descr = "<f8";
  if (tensor.scalar_type() == at::kLong) descr = "<i8";
  if (tensor.scalar_type() == at::kByte) descr = "|u1";
  if (descr == nullptr) {
    throw Error(ErrorKind::kInternal, path,
                fmt::format("cannot write {} as .npy; convert to float32, float64, int64 or uint8",
                            c10::toString(tensor.scalar_type())));
  }
  std::string shape;
  for (const int64_t dimension : tensor.sizes()) shape += fmt::format("{}, ", dimension);
  if (tensor.dim() > 1) shape.resize(shape.size() - 2);
  if (tensor.dim() == 1) shape.resize(shape.size() - 1);
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  // The elements start at a multiple of 64 bytes; the header ends in a newline.
  constexpr std::size_t kPrefix = 10;
  header.append(63 - (kPrefix + header.size()) % 64, ' ');
  header += '\n';
  const at::Tensor contiguous = tensor.detach().cpu().contiguous();
  AtomicFile file(path);
  file.write(kMagic);
  const std::array<char, 4> version_and_length = {1, 0, static_cast<char>(header.size() & 255),
                                                  static_cast<char>(header.size() >> 8)};
  file.write(version_and_length.data(), version_and_length.size());
  file.write(header);
  file.write(contiguous.data_ptr(), contiguous.nbytes());
  file.commit();
}

}  // namespace physprobe

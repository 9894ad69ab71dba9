#include "physprobe/core/error.h"
#include "physprobe/core/npy_format.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace physprobe {

namespace {

/// Appends a code point as UTF-8; false if it is none.
bool append_utf8(uint32_t code, std::string& out) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | (code >> static_cast<unsigned>(shift) & 0x3F));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return true;
}

uint32_t code_point(const char* bytes, bool is_big_endian) {
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[is_big_endian ? i : 3 - i]);
    code = code << 8 | byte;
  }
  return code;
}

}  // namespace

std::vector<std::string> read_npy_text_elements(const std::string& subject,
                                                const NpyHeader& header,
                                                const NpyByteReader& read) {
  const bool is_unicode = header.descr.size() > 2 && header.descr[1] == 'U';
  const bool is_bytes = header.descr.size() > 2 && header.descr[1] == 'S';
  if (header.shape.size() != 1 || (!is_unicode && !is_bytes)) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("has dtype '{}' and {} dimensions, expected one dimension of text",
                            header.descr, header.shape.size()));
  }
  std::size_t length = 0;
  std::from_chars(header.descr.data() + 2, header.descr.data() + header.descr.size(), length);
  const std::size_t size = is_unicode ? 4 * length : length;
  const auto count = static_cast<std::size_t>(header.shape[0]);
  std::string block(size, '\0');
  std::vector<std::string> texts(count);
  for (std::size_t i = 0; i < count; ++i) {
    read(header.data_offset + i * size, block.data(), size);
    // NumPy pads with zeros and takes trailing ones off again.
    const std::size_t last = block.find_last_not_of('\0');
    const std::size_t used = last == std::string::npos ? 0 : last + 1;
    if (is_bytes) {
      texts[i] = block.substr(0, used);
      continue;
    }
    for (std::size_t at = 0; at < used; at += 4) {
      if (!append_utf8(code_point(block.data() + at, header.descr[0] == '>'), texts[i])) {
        throw Error(ErrorKind::kInput, subject,
                    fmt::format("text {} holds a value that is no Unicode character", i));
      }
    }
  }
  return texts;
}

}  // namespace physprobe

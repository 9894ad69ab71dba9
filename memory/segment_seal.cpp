#include "physprobe/memory/segment_seal.h"

#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/input_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace physprobe {

namespace {

constexpr std::string_view kMagic{"PHYSPROBE-SEAL\n\0", 16};
constexpr uint64_t kSchema = 1;
constexpr std::size_t kDigestSize = 64;
// magic, schema, bytes of HDF5, bytes of index, rows, three digests (HDF5, index, footer up to
// here)
constexpr std::size_t kFooterSize = 16 + 4 * 8 + 3 * kDigestSize;

void put_number(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

/// Walks over bytes whose digest was right; a bad length is then an inconsistency of the writer.
class ByteReader {
 public:
  ByteReader(const std::string& path, std::string_view bytes) : path_(path), rest_(bytes) {}
  std::string_view take(uint64_t count) {
    if (count > rest_.size()) throw Error(ErrorKind::kInput, path_, "has a malformed row index");
    const std::string_view part = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(part.size());
    return part;
  }
  uint64_t number() {
    const std::string_view bytes = take(8);
    uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  bool is_at_end() const { return rest_.empty(); }

 private:
  const std::string& path_;
  std::string_view rest_;
};

[[noreturn]] void throw_damaged(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kInput, path, what + "; the segment is damaged or cut short");
}

std::vector<SealedRow> parse_rows(const std::string& path, std::string_view index, uint64_t count) {
  ByteReader reader(path, index);
  std::vector<SealedRow> rows;
  while (!reader.is_at_end()) {
    SealedRow row;
    row.key = reader.text();
    row.item_id = reader.text();
    row.space = reader.text();
    row.digest = reader.text();
    rows.push_back(std::move(row));
  }
  if (rows.size() != count) {
    throw_damaged(path, fmt::format("its index has {} rows, expected {}", rows.size(), count));
  }
  return rows;
}

}  // namespace

const char* stored_dtype_name(const std::string& subject, at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kLong:
      return "int64";
    case at::kByte:
      return "uint8";
    default:
      throw Error(ErrorKind::kInput, subject,
                  std::string("has type ") + at::toString(type) +
                      ", expected float32, float64, int64 or uint8");
  }
}

std::string record_digest(const StoreRecord& record) {
  Sha256 digest;
  std::string head;
  put_text(head, record.key);
  put_text(head, record.item_id);
  put_text(head, record.space);
  put_text(head, record.meta);
  digest.update(head);
  for (const auto& [name, value] : record.fields) {
    const at::Tensor tensor = value.cpu().contiguous();
    std::string layout;
    put_text(layout, name);
    put_text(layout, stored_dtype_name(name, tensor.scalar_type()));
    put_number(layout, static_cast<uint64_t>(tensor.dim()));
    for (const int64_t size : tensor.sizes()) put_number(layout, static_cast<uint64_t>(size));
    digest.update(layout);
    digest.update(tensor.data_ptr(), static_cast<std::size_t>(tensor.nbytes()));
  }
  return digest.hex();
}

std::string make_seal(uint64_t hdf5_bytes,
                      const std::string& hdf5_digest,
                      const std::vector<SealedRow>& rows) {
  std::string seal;
  for (const SealedRow& row : rows) {
    put_text(seal, row.key);
    put_text(seal, row.item_id);
    put_text(seal, row.space);
    put_text(seal, row.digest);
  }
  const uint64_t index_bytes = seal.size();
  const std::string index_digest = sha256_hex(seal);
  std::string footer(kMagic);
  put_number(footer, kSchema);
  put_number(footer, hdf5_bytes);
  put_number(footer, index_bytes);
  put_number(footer, rows.size());
  footer += hdf5_digest;
  footer += index_digest;
  footer += sha256_hex(footer);
  return seal + footer;
}

Seal read_seal(const std::string& path) {
  const InputFile file(path);
  // One read fetches the whole seal of an ordinary segment.
  constexpr uint64_t kGuess = 16384;
  const uint64_t tail_bytes = std::min(file.size(), kGuess);
  if (tail_bytes < kFooterSize) {
    throw_damaged(path, fmt::format("has {} bytes, too few for a segment", file.size()));
  }
  std::string tail(static_cast<std::size_t>(tail_bytes), '\0');
  file.read_at(file.size() - tail_bytes, tail.data(), tail.size());
  const std::string footer = tail.substr(tail.size() - kFooterSize);

  if (footer.compare(0, kMagic.size(), kMagic) != 0) throw_damaged(path, "has no seal at its end");
  if (sha256_hex(std::string_view(footer).substr(0, kFooterSize - kDigestSize)) !=
      footer.substr(kFooterSize - kDigestSize)) {
    throw_damaged(path, "the digest of its footer does not fit");
  }
  ByteReader reader(path, std::string_view(footer).substr(kMagic.size()));
  const uint64_t schema = reader.number();
  if (schema != kSchema) {
    throw Error(ErrorKind::kIncompatible, path,
                fmt::format("has segment schema {}, this version reads {}", schema, kSchema));
  }
  Seal seal;
  seal.hdf5_bytes = reader.number();
  const uint64_t index_bytes = reader.number();
  const uint64_t row_count = reader.number();
  seal.hdf5_digest = std::string(reader.take(kDigestSize));
  seal.index_digest = std::string(reader.take(kDigestSize));
  if (index_bytes > file.size() || seal.hdf5_bytes > file.size() ||
      seal.hdf5_bytes + index_bytes + kFooterSize != file.size()) {
    throw_damaged(path,
                  fmt::format("has {} bytes, expected {} of HDF5, {} of index and {} of footer",
                              file.size(), seal.hdf5_bytes, index_bytes, kFooterSize));
  }
  std::string index(static_cast<std::size_t>(index_bytes), '\0');
  if (index_bytes + kFooterSize <= tail_bytes) {
    index = tail.substr(tail.size() - kFooterSize - index.size(), index.size());
  } else {
    file.read_at(seal.hdf5_bytes, index.data(), index.size());
  }
  if (sha256_hex(index) != seal.index_digest) {
    throw_damaged(path, "the digest of its row index does not fit");
  }
  seal.rows = parse_rows(path, index, row_count);
  return seal;
}

std::string sha256_file_prefix(const std::string& path, uint64_t count) {
  const InputFile file(path);
  Sha256 digest;
  std::string block(std::size_t{1} << 20, '\0');
  for (uint64_t offset = 0; offset < count;) {
    const auto size = static_cast<std::size_t>(std::min<uint64_t>(block.size(), count - offset));
    file.read_at(offset, block.data(), size);
    digest.update(block.data(), size);
    offset += size;
  }
  return digest.hex();
}

}  // namespace physprobe

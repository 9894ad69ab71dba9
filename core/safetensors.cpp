#include "physprobe/core/safetensors.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/safetensors_header.h"
#include "physprobe/core/safetensors_image.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace physprobe {

namespace {

constexpr uint64_t kPrefixBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

SafetensorsHeader read_header(const InputFile& file, uint64_t& data_offset) {
  if (file.size() < kPrefixBytes) {
    throw Error(
        ErrorKind::kInput, file.path(),
        fmt::format("has {} bytes, too few for a safetensors file (at least 10)", file.size()));
  }
  uint64_t length = 0;
  file.read_at(0, &length, sizeof(length));
  if (length > kMaxHeaderBytes) {
    throw Error(
        ErrorKind::kInput, file.path(),
        fmt::format("claims a safetensors header of {} bytes, the limit is {} (is it a safetensors "
                    "file?)",
                    length, kMaxHeaderBytes));
  }
  if (length > file.size() - kPrefixBytes) {
    throw Error(
        ErrorKind::kInput, file.path(),
        fmt::format("claims a safetensors header of {} bytes but has only {} bytes (truncated)",
                    length, file.size()));
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  file.read_at(kPrefixBytes, text.data(), text.size());
  data_offset = kPrefixBytes + length;
  return parse_safetensors_header(file.path(), text, file.size() - data_offset);
}

}  // namespace

struct SafetensorsFile::Impl {
  explicit Impl(const std::string& path) : file(path), header(read_header(file, data_offset)) {}

  const TensorEntry* find(const std::string& name) const {
    const auto found = std::lower_bound(
        header.entries.begin(), header.entries.end(), name,
        [](const TensorEntry& entry, const std::string& wanted) { return entry.name < wanted; });
    return found != header.entries.end() && found->name == name ? &*found : nullptr;
  }

  const TensorEntry& require(const std::string& name) const {
    const TensorEntry* entry = find(name);
    if (entry == nullptr) {
      throw Error(
          ErrorKind::kInput, file.path(),
          fmt::format("has no tensor '{}' (it has {} tensors)", name, header.entries.size()));
    }
    return *entry;
  }

  at::Tensor read(const TensorEntry& entry,
                  const std::vector<int64_t>& shape,
                  uint64_t first_byte) const {
    const std::string subject = file.path() + "[" + entry.name + "]";
    const std::optional<ElementType> type = element_type_of_dtype(entry.dtype);
    if (!type) {
      throw Error(
          ErrorKind::kIncompatible, subject,
          fmt::format("has dtype {}, which is not supported; convert it to BF16, F16 or F32",
                      entry.dtype));
    }
    return read_elements(subject, *type, shape, [&](void* out, std::size_t bytes) {
      file.read_at(data_offset + entry.begin + first_byte, out, bytes);
    });
  }

  InputFile file;
  uint64_t data_offset = 0;
  SafetensorsHeader header;
};

SafetensorsFile::SafetensorsFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;
SafetensorsFile::~SafetensorsFile() = default;

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  return SafetensorsFile(std::make_unique<Impl>(path));
}

const std::string& SafetensorsFile::path() const {
  return impl_->file.path();
}

const std::vector<TensorEntry>& SafetensorsFile::entries() const {
  return impl_->header.entries;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return impl_->header.metadata;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return impl_->find(name) != nullptr;
}

at::Tensor SafetensorsFile::read(const std::string& name) const {
  const TensorEntry& entry = impl_->require(name);
  return impl_->read(entry, entry.shape, 0);
}

at::Tensor SafetensorsFile::read_rows(const std::string& name, int64_t begin, int64_t end) const {
  const TensorEntry& entry = impl_->require(name);
  const int64_t rows = entry.shape.empty() ? 0 : entry.shape[0];
  if (begin < 0 || begin > end || end > rows) {
    throw Error(ErrorKind::kInput, path(),
                fmt::format("tensor '{}' has {} rows, asked for [{}, {})", name, rows, begin, end));
  }
  std::vector<int64_t> shape = entry.shape;
  if (!shape.empty()) shape[0] = end - begin;
  const uint64_t row_bytes =
      rows == 0 ? 0 : (entry.end - entry.begin) / static_cast<uint64_t>(rows);
  return impl_->read(entry, shape, row_bytes * static_cast<uint64_t>(begin));
}

std::map<std::string, at::Tensor> read_safetensors(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::map<std::string, at::Tensor> tensors;
  for (const TensorEntry& entry : file.entries())
    tensors.emplace(entry.name, file.read(entry.name));
  return tensors;
}

void write_safetensors(const std::string& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string head = format_safetensors_head(path, tensors, metadata);
  AtomicFile file(path);
  file.write(head);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor contiguous = tensor.detach().cpu().contiguous();
    file.write(contiguous.data_ptr(), contiguous.nbytes());
  }
  file.commit();
}

}  // namespace physprobe

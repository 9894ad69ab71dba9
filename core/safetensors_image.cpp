#include "physprobe/core/safetensors_image.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors_header.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <utility>

namespace physprobe {

namespace {

constexpr std::size_t kLengthBytes = 8;

const char* dtype_name(const std::string& subject, at::ScalarType type) {
  switch (type) {
    case at::kBool:
      return "BOOL";
    case at::kByte:
      return "U8";
    case at::kChar:
      return "I8";
    case at::kShort:
      return "I16";
    case at::kInt:
      return "I32";
    case at::kLong:
      return "I64";
    case at::kHalf:
      return "F16";
    case at::kBFloat16:
      return "BF16";
    case at::kFloat:
      return "F32";
    case at::kDouble:
      return "F64";
    default:
      throw Error(
          ErrorKind::kIncompatible, subject,
          fmt::format("cannot be written as safetensors: element type {}", c10::toString(type)));
  }
}

}  // namespace

std::string format_safetensors_head(const std::string& subject,
                                    const std::map<std::string, at::Tensor>& tensors,
                                    const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t position = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name == "__metadata__") {
      throw Error(ErrorKind::kInternal, subject, "a tensor cannot be named __metadata__");
    }
    const uint64_t end = position + tensor.nbytes();
    header[name] = {
        {"dtype", dtype_name(fmt::format("{}[{}]", subject, name), tensor.scalar_type())},
        {"shape", tensor.sizes().vec()},
        {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::kInput, subject,
                "a tensor's name or a metadata text is not valid UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // the data start aligned, as other writers do it
  const uint64_t length = text.size();
  std::string head(kLengthBytes, '\0');
  std::memcpy(head.data(), &length, kLengthBytes);
  return head + text;
}

std::string format_safetensors(const std::string& subject, const SafetensorsImage& image) {
  std::string bytes = format_safetensors_head(subject, image.tensors, image.metadata);
  for (const auto& [name, tensor] : image.tensors) {
    const at::Tensor contiguous = tensor.detach().cpu().contiguous();
    bytes.append(static_cast<const char*>(contiguous.data_ptr()), contiguous.nbytes());
  }
  return bytes;
}

SafetensorsImage parse_safetensors(const std::string& subject, std::string_view bytes) {
  if (bytes.size() < kLengthBytes) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("has {} bytes, too few for safetensors (at least 10)", bytes.size()));
  }
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) {
    throw Error(ErrorKind::kInput, subject,
                fmt::format("claims a safetensors header of {} bytes but has only {} bytes", length,
                            bytes.size()));
  }
  const auto header_size = static_cast<std::size_t>(length);
  const std::string_view data = bytes.substr(kLengthBytes + header_size);
  SafetensorsHeader header =
      parse_safetensors_header(subject, bytes.substr(kLengthBytes, header_size), data.size());
  SafetensorsImage image;
  image.metadata = std::move(header.metadata);
  for (const TensorEntry& entry : header.entries) {
    const std::string where = subject + "[" + entry.name + "]";
    const std::optional<ElementType> type = element_type_of_dtype(entry.dtype);
    if (!type) {
      throw Error(
          ErrorKind::kIncompatible, where,
          fmt::format("has dtype {}, which is not supported; send BF16, F16 or F32", entry.dtype));
    }
    image.tensors[entry.name] = read_elements(
        where, *type, entry.shape,
        [&](void* out, std::size_t size) { std::memcpy(out, data.data() + entry.begin, size); });
  }
  return image;
}

}  // namespace physprobe

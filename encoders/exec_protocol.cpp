#include "physprobe/encoders/exec_protocol.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors_image.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>

namespace physprobe {
namespace {

constexpr std::string_view kMark = "PPEXEC/";
constexpr uint64_t kMostBytes = uint64_t{1} << 36;  // 64 GiB: a length beyond is no length
const char* const kSubject = "the answer";

}  // namespace

std::string quote_bytes(std::string_view bytes) {
  constexpr std::size_t kShown = 80;
  std::string text = "'";
  for (const char c : bytes.substr(0, kShown)) {
    if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + "'" + (bytes.size() > kShown ? "…" : "");
}

std::string format_exec_message(const ExecMessage& message) {
  SafetensorsImage image{message.tensors, message.fields};
  image.metadata["kind"] = message.kind;
  const std::string body = format_safetensors("a message", image);
  std::string head = std::string(kMark) + std::to_string(kExecProtocol);
  const uint64_t length = body.size();
  head.resize(kExecHeadBytes);
  std::memcpy(head.data() + kExecHeadBytes - sizeof(length), &length, sizeof(length));
  return head + body;
}

uint64_t parse_exec_head(std::string_view head) {
  if (head.substr(0, kMark.size()) != kMark) {
    throw Error(ErrorKind::kInput, "",
                fmt::format("wrote {} on its standard output, where a message was expected; only "
                            "messages may go there, whatever is printed must go to standard error",
                            quote_bytes(head)));
  }
  const std::string expected = std::to_string(kExecProtocol);
  if (head.substr(kMark.size(), 1) != expected) {
    throw Error(
        ErrorKind::kIncompatible, "",
        fmt::format("speaks protocol '{}', this program speaks {}; use the python/physprobe.py of "
                    "this version",
                    std::string(head.substr(kMark.size(), 1)), expected));
  }
  uint64_t length = 0;
  std::memcpy(&length, head.data() + kExecHeadBytes - sizeof(length), sizeof(length));
  if (length > kMostBytes) {
    throw Error(
        ErrorKind::kInput, "",
        fmt::format("announced an answer of {} bytes, the limit is {}", length, kMostBytes));
  }
  return length;
}

ExecMessage parse_exec_image(std::string_view image) {
  SafetensorsImage parsed = parse_safetensors(kSubject, image);
  ExecMessage message;
  message.tensors = std::move(parsed.tensors);
  message.fields = std::move(parsed.metadata);
  const auto kind = message.fields.find("kind");
  if (kind == message.fields.end()) {
    throw Error(ErrorKind::kInput, kSubject, "has no 'kind' among its metadata");
  }
  message.kind = kind->second;
  message.fields.erase(kind);
  return message;
}

}  // namespace physprobe

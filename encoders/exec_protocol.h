#pragma once
// The messages between this program and a model served by another process (docs/exec_protocol.md):
// sixteen bytes of head, then a safetensors image whose metadata say what it is. Internal.

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace physprobe {

constexpr int kExecProtocol = 1;
constexpr std::size_t kExecHeadBytes = 16;  ///< "PPEXEC/1" and the image's length, little-endian.

struct ExecMessage {
  std::string kind;  ///< "hello", "model", "encode", "tokens", "error", …
  std::map<std::string, std::string> fields;  ///< The metadata beside `kind`.
  std::map<std::string, at::Tensor> tensors;
};

/// Head and image.
std::string format_exec_message(const ExecMessage& message);

/// Length of the image that follows `head` (kExecHeadBytes bytes). Throws Error(kInput) that quotes
/// what was found when it is no head, Error(kIncompatible) when it is one of another protocol.
uint64_t parse_exec_head(std::string_view head);

/// What `image` holds. Throws Error(kInput) naming the first defect.
ExecMessage parse_exec_image(std::string_view image);

/// The first bytes of a text as people can read them, in quotes.
std::string quote_bytes(std::string_view bytes);

}  // namespace physprobe

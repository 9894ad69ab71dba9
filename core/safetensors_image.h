#pragma once
// The safetensors format in memory: what goes over a pipe instead of into a file. Read as strictly
// as files are (safetensors.h).

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>

namespace physprobe {

struct SafetensorsImage {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Length and header of the format, padded so that the data behind it start aligned; the data are
/// the tensors' bytes in order of their names. `subject` names the file or message in errors.
/// Throws Error(kIncompatible) for an element type the format lacks, Error(kInput) for text that is
/// not UTF-8.
std::string format_safetensors_head(const std::string& subject,
                                    const std::map<std::string, at::Tensor>& tensors,
                                    const std::map<std::string, std::string>& metadata);

/// The whole image; errors as above.
std::string format_safetensors(const std::string& subject, const SafetensorsImage& image);

/// The tensors (copied; element types as SafetensorsFile::read gives them) and the metadata. Throws
/// Error(kInput) naming the first defect, Error(kIncompatible) for F8 and complex kinds.
SafetensorsImage parse_safetensors(const std::string& subject, std::string_view bytes);

}  // namespace physprobe

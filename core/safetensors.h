#pragma once
// The safetensors format: strict reading (every malformed header has its own error), writing,
// shards.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

struct TensorEntry {
  std::string name;
  std::string dtype;           ///< As written in the file: "F32", "BF16", …
  std::vector<int64_t> shape;  ///< [] is a scalar.
  uint64_t begin = 0;          ///< Byte range in the data part, [begin, end).
  uint64_t end = 0;
};

/// An open safetensors file. The whole header is validated by `open`; tensors are read on demand
/// (pread, not mapped: a file replaced or shortened meanwhile gives an error, never a crash).
class SafetensorsFile {
 public:
  /// Throws Error(kInput) naming the file and the first defect of its header.
  static SafetensorsFile open(const std::string& path);
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;
  ~SafetensorsFile();

  const std::string& path() const;
  const std::vector<TensorEntry>& entries() const;  ///< Sorted by name.
  const std::map<std::string, std::string>& metadata() const;
  bool contains(const std::string& name) const;
  /// The tensor in its own dtype; U16 becomes int32, U32 and U64 become int64 (Error(kInput) for
  /// values beyond it). F8 and complex kinds: Error(kIncompatible). Throws Error(kInput) for an
  /// unknown name.
  at::Tensor read(const std::string& name) const;
  /// Rows [begin, end) of the first dimension only; for streaming.
  at::Tensor read_rows(const std::string& name, int64_t begin, int64_t end) const;

 private:
  struct Impl;
  explicit SafetensorsFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Every tensor of a file.
std::map<std::string, at::Tensor> read_safetensors(const std::string& path);

/// Writes atomically; keys sorted, data contiguous in that order.
void write_safetensors(const std::string& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace physprobe

#pragma once
// Element types of tensor files and the tensors they are read into. Internal to core; npy and
// safetensors share it, so that both treat unsigned and truth values alike.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

/// How an element lies in a file.
enum class ElementType {
  kBool,
  kU8,
  kU16,
  kU32,
  kU64,
  kI8,
  kI16,
  kI32,
  kI64,
  kF16,
  kBF16,
  kF32,
  kF64
};

int64_t element_size(ElementType type);

/// The product of `shape` and `size_bytes`, checked. False if a dimension is negative or the
/// product does not fit 63 bits; `elements` and `bytes` are set otherwise.
bool count_elements(const std::vector<int64_t>& shape,
                    int64_t size_bytes,
                    int64_t& elements,
                    int64_t& bytes);

/// Fills a new tensor with what `fill(destination, bytes)` delivers. Unsigned types that every
/// LibTorch lacks are widened without loss: U16 to int32, U32 and U64 to int64 (Error(kInput) for a
/// value beyond it). Throws Error(kInput) for a truth value other than 0 and 1, Error(kResource) if
/// there is no memory.
at::Tensor read_elements(const std::string& subject,
                         ElementType type,
                         const std::vector<int64_t>& shape,
                         const std::function<void(void*, std::size_t)>& fill);

}  // namespace physprobe

#include "physprobe/core/element_type.h"

#include "physprobe/core/error.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <new>

namespace physprobe {

namespace {

at::ScalarType tensor_type(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return at::kBool;
    case ElementType::kU8:
      return at::kByte;
    case ElementType::kI8:
      return at::kChar;
    case ElementType::kI16:
    case ElementType::kU16:  // read as is, then widened
      return at::kShort;
    case ElementType::kI32:
    case ElementType::kU32:
      return at::kInt;
    case ElementType::kI64:
    case ElementType::kU64:
      return at::kLong;
    case ElementType::kF16:
      return at::kHalf;
    case ElementType::kBF16:
      return at::kBFloat16;
    case ElementType::kF32:
      return at::kFloat;
    case ElementType::kF64:
      return at::kDouble;
  }
  throw Error(ErrorKind::kInternal, "", "element type without a tensor type");
}

void require_truth_values(const std::string& subject, const at::Tensor& tensor) {
  const auto* bytes = static_cast<const unsigned char*>(tensor.data_ptr());
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (bytes[i] > 1) {
      throw Error(
          ErrorKind::kInput, subject,
          fmt::format("element {} of a boolean tensor is {}, expected 0 or 1", i, bytes[i]));
    }
  }
}

}  // namespace

int64_t element_size(ElementType type) {
  return static_cast<int64_t>(at::elementSize(tensor_type(type)));
}

bool count_elements(const std::vector<int64_t>& shape,
                    int64_t size_bytes,
                    int64_t& elements,
                    int64_t& bytes) {
  // A zero among the dimensions makes the product small, yet the other ones must not overflow on
  // the way: LibTorch computes strides from them.
  int64_t without_zeros = 1;
  bool has_zero = false;
  for (const int64_t dimension : shape) {
    if (dimension < 0) return false;
    has_zero = has_zero || dimension == 0;
    if (dimension > 0 && __builtin_mul_overflow(without_zeros, dimension, &without_zeros))
      return false;
  }
  if (__builtin_mul_overflow(without_zeros, size_bytes, &bytes)) return false;
  elements = has_zero ? 0 : without_zeros;
  if (has_zero) bytes = 0;
  return true;
}

at::Tensor read_elements(const std::string& subject,
                         ElementType type,
                         const std::vector<int64_t>& shape,
                         const std::function<void(void*, std::size_t)>& fill) {
  try {
    at::Tensor tensor = at::empty(shape, tensor_type(type));
    if (tensor.numel() > 0) fill(tensor.data_ptr(), tensor.nbytes());
    if (type == ElementType::kBool) require_truth_values(subject, tensor);
    if (type == ElementType::kU16) return tensor.to(at::kInt).bitwise_and_(0xFFFF);
    if (type == ElementType::kU32) return tensor.to(at::kLong).bitwise_and_(int64_t{0xFFFFFFFF});
    if (type == ElementType::kU64 && tensor.numel() > 0 && tensor.min().item<int64_t>() < 0) {
      throw Error(ErrorKind::kInput, subject,
                  "holds unsigned 64-bit values above 9223372036854775807; store it as int64");
    }
    return tensor;
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kResource, subject,
                std::string("cannot hold the tensor: ") + error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kResource, subject, "no memory for the tensor");
  }
}

}  // namespace physprobe

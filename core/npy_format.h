#pragma once
// The bytes of a NumPy array, wherever they lie (a file of their own or a member of an archive).
// Internal to core; npy.h and npz.cpp are built on it.

#include "physprobe/core/npy.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace physprobe {

/// Copies `count` bytes from `offset` of the array's bytes to `out`.
using NpyByteReader = std::function<void(uint64_t offset, void* out, std::size_t count)>;

/// Reads and checks the header: magic, version, dictionary, and that exactly the elements' bytes
/// follow in `size_bytes`. Throws Error(kInput or kIncompatible) with `subject`.
NpyHeader parse_npy_header(const std::string& subject,
                           uint64_t size_bytes,
                           const NpyByteReader& read);

/// The elements of rows [begin, end) of the first dimension; the whole array with begin = 0 and end
/// = the first dimension, a scalar with 0 and 1.
at::Tensor read_npy_elements(const std::string& subject,
                             const NpyHeader& header,
                             int64_t begin,
                             int64_t end,
                             const NpyByteReader& read);

/// Throws Error(kInput) unless [begin, end) are rows of an array of this shape.
void require_rows(const std::string& subject,
                  const std::vector<int64_t>& shape,
                  int64_t begin,
                  int64_t end);

/// The texts of a one-dimensional array as UTF-8. Throws Error(kInput) for any other array.
std::vector<std::string> read_npy_text_elements(const std::string& subject,
                                                const NpyHeader& header,
                                                const NpyByteReader& read);

/// The whole array.
at::Tensor read_npy_array(const std::string& subject,
                          const NpyHeader& header,
                          const NpyByteReader& read);

}  // namespace physprobe

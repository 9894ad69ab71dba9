#pragma once
// NumPy files: .npy (format 1 to 3, C or Fortran order) and .npz (stored or deflated members).

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

struct NpyHeader {
  std::string descr;  ///< "<f4", "<f2", "<f8", "<i8", "|u1", …
  bool fortran_order = false;
  std::vector<int64_t> shape;
  uint64_t data_offset = 0;  ///< Bytes from the start of the file (or member).
};

/// Throws Error(kInput) naming the defect; object arrays are refused (they are programs, not data).
NpyHeader read_npy_header(const std::string& path);
/// The whole array in its own dtype, C-contiguous; "u2" becomes int32, "u4" and "u8" become int64
/// without loss. Big-endian elements are converted. Throws Error(kInput) naming the defect.
at::Tensor read_npy(const std::string& path);
/// Rows [begin, end) of the first dimension (C order only); for streaming.
at::Tensor read_npy_rows(const std::string& path, int64_t begin, int64_t end);

/// Names of the members (without ".npy") in the order of the archive.
std::vector<std::string> list_npz(const std::string& path);
at::Tensor read_npz_member(const std::string& path, const std::string& name);

/// Writes float32, float64, int64 or uint8 tensors in C order.
void write_npy(const std::string& path, const at::Tensor& tensor);

}  // namespace physprobe

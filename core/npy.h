#pragma once
// NumPy files: .npy (format 1 to 3, C or Fortran order) and .npz (stored or deflated members).

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

struct NpyHeader {
  std::string descr;  ///< "<f4", "<f2", "<f8", "<i8", "|u1", …; texts "<U12", "|S7".
  bool fortran_order = false;
  std::vector<int64_t> shape;
  uint64_t data_offset = 0;  ///< Bytes from the start of the file (or member).
};

/// Throws Error(kInput) naming the defect; object arrays are refused (they are programs, not data).
NpyHeader read_npy_header(const std::string& path);
/// The whole array in its own dtype, C-contiguous; "u2" becomes int32, "u4" and "u8" become int64
/// without loss. Big-endian elements are converted. Throws Error(kInput) naming the defect, also
/// for arrays of text.
at::Tensor read_npy(const std::string& path);
/// Rows [begin, end) of the first dimension, in the file's order C or Fortran; for streaming.
at::Tensor read_npy_rows(const std::string& path, int64_t begin, int64_t end);
/// A one-dimensional array of text ("<U12", "|S7") as UTF-8, padding removed. Throws Error(kInput).
std::vector<std::string> read_npy_texts(const std::string& path);

/// The arrays of one .npz archive. Throws Error(kInput) naming the file, the array and the defect.
class NpzArchive {
 public:
  explicit NpzArchive(const std::string& path);
  ~NpzArchive();
  NpzArchive(const NpzArchive&) = delete;
  NpzArchive& operator=(const NpzArchive&) = delete;

  /// Without ".npy", in the order of the archive; members that are no arrays are left out.
  const std::vector<std::string>& names() const;
  NpyHeader header(const std::string& name) const;
  at::Tensor read(const std::string& name) const;
  /// As read_npy_rows. Ascending requests read the member once more after its checksum was
  /// verified, in memory for the rows alone (Fortran order: for the whole array).
  at::Tensor read_rows(const std::string& name, int64_t begin, int64_t end);
  std::vector<std::string> read_texts(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes float32, float64, int64 or uint8 tensors in C order.
void write_npy(const std::string& path, const at::Tensor& tensor);

}  // namespace physprobe

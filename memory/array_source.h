#pragma once
// One face for every format of named arrays: what is there (without the values), and reading of
// whole arrays or of some rows. Internal; array_file.cpp turns these arrays into trajectories.

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace physprobe {

enum class ArrayKind {
  kFloating,  ///< Read as float32 or float64; 16-bit kinds are widened.
  kInteger,
  kText,
  kOther,    ///< Sound, but of a type that is neither.
  kDamaged,  ///< Cannot be read; `dtype` says why.
};

struct ArrayInfo {
  std::string name;
  ArrayKind kind = ArrayKind::kOther;
  std::string dtype;  ///< For messages.
  std::vector<int64_t> shape;
  std::size_t index = 0;  ///< Position in `ArraySource::arrays()`.
};

class ArraySource {
 public:
  virtual ~ArraySource() = default;
  /// In order of name (directories: of file, then name).
  const std::vector<ArrayInfo>& arrays() const { return arrays_; }
  /// The whole array; floating ones as float32 or float64.
  virtual at::Tensor read(const ArrayInfo& array) const = 0;
  /// Rows [begin, end) of the first dimension; ascending requests are the fast ones.
  virtual at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const = 0;
  /// A one-dimensional array of text, or of integers as decimal numbers.
  virtual std::vector<std::string> read_ids(const ArrayInfo& array) const = 0;

 protected:
  void add(ArrayInfo array);
  void sort_by_name();

 private:
  std::vector<ArrayInfo> arrays_;
};

/// By the form of the path: a store, a directory of files, or a file of a known extension. Throws
/// Error(kInput) for anything else, naming what is accepted.
std::unique_ptr<ArraySource> open_array_source(const std::string& path);

/// What `open_array_source` accepts, for messages.
extern const char* const kAcceptedArrays;

std::unique_ptr<ArraySource> open_npy_arrays(const std::string& path);
std::unique_ptr<ArraySource> open_npz_arrays(const std::string& path);
std::unique_ptr<ArraySource> open_hdf5_arrays(const std::string& path);
/// The array files of a directory (not of its sub-directories): .npy arrays bear the file's stem,
/// arrays of other files "<stem>/<name>". A file that cannot be opened is one damaged array.
std::unique_ptr<ArraySource> open_directory_arrays(const std::string& path);
/// Every floating field of rank 2 or more, named "<item>/<field>" ("<item>@<start of key>/<field>"
/// if the item has several records).
std::unique_ptr<ArraySource> open_store_arrays(const std::string& path);

/// float16 and bfloat16 as float32; everything else unchanged.
at::Tensor widened(const at::Tensor& tensor);

/// A one-dimensional integer tensor as decimal numbers.
std::vector<std::string> decimal_ids(const at::Tensor& numbers);

}  // namespace physprobe

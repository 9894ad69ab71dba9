#include "physprobe/memory/array_source.h"

#include "physprobe/core/error.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/memory/embedding_store.h"
#include "physprobe/memory/store_folder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

namespace physprobe {

namespace {

class SafetensorsArrays final : public ArraySource {
 public:
  explicit SafetensorsArrays(const std::string& path) : file_(SafetensorsFile::open(path)) {
    for (const TensorEntry& entry : file_.entries()) {
      const char first = entry.dtype.empty() ? ' ' : entry.dtype.front();
      ArrayKind kind = ArrayKind::kOther;
      if (entry.dtype == "BF16" || entry.dtype == "F16" || entry.dtype == "F32" ||
          entry.dtype == "F64") {
        kind = ArrayKind::kFloating;
      } else if (first == 'I' || first == 'U') {
        kind = ArrayKind::kInteger;
      }
      add({entry.name, kind, entry.dtype, entry.shape});
    }
  }
  at::Tensor read(const ArrayInfo& array) const override { return widened(file_.read(array.name)); }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    return widened(file_.read_rows(array.name, begin, end));
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    return decimal_ids(file_.read(array.name));
  }

 private:
  SafetensorsFile file_;
};

}  // namespace

const char* const kAcceptedArrays =
    ".safetensors, .npy, .npz, .h5, .hdf5, a directory of these, or an embedding store";

void ArraySource::add(ArrayInfo array) {
  array.index = arrays_.size();
  arrays_.push_back(std::move(array));
}

void ArraySource::sort_by_name() {
  std::sort(arrays_.begin(), arrays_.end(),
            [](const ArrayInfo& a, const ArrayInfo& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < arrays_.size(); ++i) arrays_[i].index = i;
}

at::Tensor widened(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16
             ? tensor.to(at::kFloat)
             : tensor;
}

std::vector<std::string> decimal_ids(const at::Tensor& numbers) {
  const at::Tensor wide = numbers.to(at::kLong).contiguous();
  std::vector<std::string> ids;
  for (int64_t i = 0; i < wide.numel(); ++i) {
    ids.push_back(std::to_string(wide.data_ptr<int64_t>()[i]));
  }
  return ids;
}

std::unique_ptr<ArraySource> open_array_source(const std::string& path) {
  const std::filesystem::path file(path);
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) {
    throw Error(ErrorKind::kInput, path,
                failure ? "cannot be opened: " + failure.message() : "does not exist");
  }
  if (std::filesystem::is_directory(file, failure)) {
    return is_store_folder(path) ? open_store_arrays(path) : open_directory_arrays(path);
  }
  const std::string extension = file.extension().string();
  if (extension == ".safetensors") return std::make_unique<SafetensorsArrays>(path);
  if (extension == ".npy") return open_npy_arrays(path);
  if (extension == ".npz") return open_npz_arrays(path);
  if (extension == ".h5" || extension == ".hdf5") {
    return is_store_export(path) ? open_store_arrays(path) : open_hdf5_arrays(path);
  }
  throw Error(ErrorKind::kInput, path,
              "has the extension '" + extension + "', expected " + kAcceptedArrays);
}

}  // namespace physprobe

#include "physprobe/memory/array_source.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/memory/segment_file.h"
#include "physprobe/memory/store_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace physprobe {

namespace {

constexpr const char* kAccepted =
    ".safetensors, .npy, .npz, .h5, .hdf5, a directory of these, or an embedding store";

ArrayKind kind_of(at::ScalarType type) {
  if (at::isFloatingType(type)) return ArrayKind::kFloating;
  return at::isIntegralType(type, /*includeBool=*/false) ? ArrayKind::kInteger : ArrayKind::kOther;
}

void sort_by_name(std::vector<ArrayInfo>& arrays) {
  std::sort(arrays.begin(), arrays.end(),
            [](const ArrayInfo& a, const ArrayInfo& b) { return a.name < b.name; });
}

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
      arrays_.push_back({entry.name, kind, entry.dtype, entry.shape});
    }
  }
  const std::vector<ArrayInfo>& arrays() const override { return arrays_; }
  at::Tensor read(const ArrayInfo& array) const override { return widened(file_.read(array.name)); }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    return widened(file_.read_rows(array.name, begin, end));
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    return decimal_ids(file_.read(array.name));
  }

 private:
  SafetensorsFile file_;
  std::vector<ArrayInfo> arrays_;
};

/// The lines of a text file (UTF-8, one id a line); the last newline ends the last line.
std::vector<std::string> read_lines(const std::string& path) {
  const std::string text = read_file(path);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

ArrayInfo npy_info(const std::string& name, const NpyHeader& header) {
  const char kind = header.descr.size() > 1 ? header.descr[1] : ' ';
  ArrayInfo info{name, ArrayKind::kOther, header.descr, header.shape};
  if (kind == 'f') info.kind = ArrayKind::kFloating;
  if (kind == 'i' || kind == 'u') info.kind = ArrayKind::kInteger;
  return info;
}

/// One .npy file, with its ids beside it when they exist: "<stem>.ids.txt" (a line each) or
/// "<stem>.ids.npy" (integers).
class NpyArrays final : public ArraySource {
 public:
  explicit NpyArrays(const std::filesystem::path& path) {
    const std::string stem = path.stem().string();
    add(stem, path);
    const std::filesystem::path text = path.parent_path() / (stem + ".ids.txt");
    const std::filesystem::path numbers = path.parent_path() / (stem + ".ids.npy");
    std::error_code ignored;
    if (std::filesystem::exists(text, ignored)) {
      text_ids_ = read_lines(text.string());
      const auto count = static_cast<int64_t>(text_ids_.size());
      arrays_.push_back({stem + ".ids", ArrayKind::kText, "text", {count}});
      paths_.push_back(text.string());
    } else if (std::filesystem::exists(numbers, ignored)) {
      add(stem + ".ids", numbers);
    }
  }
  const std::vector<ArrayInfo>& arrays() const override { return arrays_; }
  at::Tensor read(const ArrayInfo& array) const override {
    return widened(read_npy(path_of(array)));
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    const std::string path = path_of(array);
    // Rows of a Fortran-order file are scattered all over it.
    if (read_npy_header(path).fortran_order) return widened(read_npy(path)).slice(0, begin, end);
    return widened(read_npy_rows(path, begin, end));
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    if (array.kind == ArrayKind::kText) return text_ids_;
    return decimal_ids(read_npy(path_of(array)));
  }

 private:
  void add(const std::string& name, const std::filesystem::path& path) {
    arrays_.push_back(npy_info(name, read_npy_header(path.string())));
    paths_.push_back(path.string());
  }
  std::string path_of(const ArrayInfo& array) const {
    const auto found = std::find_if(arrays_.begin(), arrays_.end(), [&](const ArrayInfo& other) {
      return other.name == array.name;
    });
    return paths_.at(static_cast<std::size_t>(found - arrays_.begin()));
  }
  std::vector<ArrayInfo> arrays_;
  std::vector<std::string> paths_;
  std::vector<std::string> text_ids_;
};

/// Members may be compressed, so each is read as a whole; once to learn its shape.
class NpzArrays final : public ArraySource {
 public:
  explicit NpzArrays(std::string path) : path_(std::move(path)) {
    for (const std::string& name : list_npz(path_)) {
      try {
        const at::Tensor tensor = read_npz_member(path_, name);
        arrays_.push_back({name, kind_of(tensor.scalar_type()), at::toString(tensor.scalar_type()),
                           tensor.sizes().vec()});
      } catch (const Error& error) {
        arrays_.push_back({name, ArrayKind::kOther, "unreadable: " + error.message(), {}});
      }
    }
    sort_by_name(arrays_);
  }
  const std::vector<ArrayInfo>& arrays() const override { return arrays_; }
  at::Tensor read(const ArrayInfo& array) const override {
    return widened(read_npz_member(path_, array.name));
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    if (cached_name_ != array.name) {
      cached_ = read(array);
      cached_name_ = array.name;
    }
    return cached_.slice(0, begin, end);
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    return decimal_ids(read_npz_member(path_, array.name));
  }

 private:
  std::string path_;
  std::vector<ArrayInfo> arrays_;
  mutable std::string cached_name_;
  mutable at::Tensor cached_;  ///< The member whose rows were asked for last.
};

bool is_array_file(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".safetensors" || extension == ".npy" || extension == ".npz" ||
         extension == ".h5" || extension == ".hdf5";
}

/// All array files of a directory (not of its sub-directories); .npy arrays bear the file's stem,
/// arrays of other files "<stem>/<name>". One file is open at a time.
class DirectoryArrays final : public ArraySource {
 public:
  explicit DirectoryArrays(const std::string& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code failure;
    for (std::filesystem::directory_iterator entry(directory, failure), end;
         !failure && entry != end; entry.increment(failure)) {
      if (is_array_file(entry->path())) files.push_back(entry->path());
    }
    if (failure) {
      throw Error(ErrorKind::kInput, directory, "cannot be listed: " + failure.message());
    }
    if (files.empty()) {
      throw Error(ErrorKind::kInput, directory,
                  std::string("holds no arrays; expected files ") + kAccepted);
    }
    std::sort(files.begin(), files.end());
    for (const std::filesystem::path& file : files) {
      const bool is_npy = file.extension() == ".npy";
      for (const ArrayInfo& array : source(file.string()).arrays()) {
        // Ids in a .npy file beside another are met again as a file of their own.
        if (is_npy && array.name != file.stem().string() && array.kind != ArrayKind::kText)
          continue;
        ArrayInfo renamed = array;
        if (!is_npy) renamed.name = file.stem().string() + "/" + array.name;
        arrays_.push_back(renamed);
        members_.push_back({file.string(), array});
      }
    }
  }
  const std::vector<ArrayInfo>& arrays() const override { return arrays_; }
  at::Tensor read(const ArrayInfo& array) const override {
    const Member& found = member(array);
    return source(found.path).read(found.array);
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    const Member& found = member(array);
    return source(found.path).read_rows(found.array, begin, end);
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    const Member& found = member(array);
    return source(found.path).read_ids(found.array);
  }

 private:
  struct Member {
    std::string path;
    ArrayInfo array;
  };
  const Member& member(const ArrayInfo& array) const {
    const auto found = std::find_if(arrays_.begin(), arrays_.end(), [&](const ArrayInfo& other) {
      return other.name == array.name;
    });
    return members_.at(static_cast<std::size_t>(found - arrays_.begin()));
  }
  const ArraySource& source(const std::string& path) const {
    if (opened_path_ != path) {
      opened_ = open_array_source(path);
      opened_path_ = path;
    }
    return *opened_;
  }
  std::vector<ArrayInfo> arrays_;
  std::vector<Member> members_;
  mutable std::string opened_path_;
  mutable std::unique_ptr<ArraySource> opened_;
};

}  // namespace

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
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw Error(ErrorKind::kInput, path, "does not exist");
  }
  if (std::filesystem::is_directory(file, ignored)) {
    if (is_store_folder(path)) return open_store_arrays(path);
    return std::make_unique<DirectoryArrays>(path);
  }
  const std::string extension = file.extension().string();
  if (extension == ".safetensors") return std::make_unique<SafetensorsArrays>(path);
  if (extension == ".npy") return std::make_unique<NpyArrays>(file);
  if (extension == ".npz") return std::make_unique<NpzArrays>(path);
  if (extension == ".h5" || extension == ".hdf5") {
    return has_seal(path) ? open_store_arrays(path) : open_hdf5_arrays(path);
  }
  throw Error(ErrorKind::kInput, path,
              "has the extension '" + extension + "', expected " + kAccepted);
}

}  // namespace physprobe

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/npy.h"
#include "physprobe/memory/array_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

namespace physprobe {

namespace {

ArrayInfo npy_info(const std::string& name, const NpyHeader& header) {
  const char kind = header.descr.size() > 1 ? header.descr[1] : ' ';
  ArrayInfo info{name, ArrayKind::kOther, header.descr, header.shape};
  if (kind == 'f') info.kind = ArrayKind::kFloating;
  if (kind == 'i' || kind == 'u') info.kind = ArrayKind::kInteger;
  if (kind == 'U' || kind == 'S') info.kind = ArrayKind::kText;
  return info;
}

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

/// One .npy file, with its ids beside it when they exist: "<stem>.ids.txt" (a line each) or
/// "<stem>.ids.npy" (integers or text).
class NpyArrays final : public ArraySource {
 public:
  explicit NpyArrays(const std::filesystem::path& path) : path_(path.string()) {
    const std::string stem = path.stem().string();
    add(npy_info(stem, read_npy_header(path_)));
    const std::filesystem::path text = path.parent_path() / (stem + ".ids.txt");
    const std::filesystem::path numbers = path.parent_path() / (stem + ".ids.npy");
    std::error_code ignored;
    if (std::filesystem::exists(text, ignored)) {
      text_ids_ = read_lines(text.string());
      add({stem + ".ids", ArrayKind::kText, "text", {static_cast<int64_t>(text_ids_.size())}});
    } else if (std::filesystem::exists(numbers, ignored)) {
      ids_path_ = numbers.string();
      add(npy_info(stem + ".ids", read_npy_header(ids_path_)));
    }
  }
  at::Tensor read(const ArrayInfo& array) const override {
    return widened(read_npy(array.index == 0 ? path_ : ids_path_));
  }
  at::Tensor read_rows(const ArrayInfo& /*array*/, int64_t begin, int64_t end) const override {
    return widened(read_npy_rows(path_, begin, end));
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    if (ids_path_.empty()) return text_ids_;
    return array.kind == ArrayKind::kText ? read_npy_texts(ids_path_)
                                          : decimal_ids(read_npy(ids_path_));
  }

 private:
  std::string path_;
  std::string ids_path_;  ///< Empty if the ids stand in a text file, or there are none.
  std::vector<std::string> text_ids_;
};

class NpzArrays final : public ArraySource {
 public:
  explicit NpzArrays(const std::string& path) : archive_(path) {
    for (const std::string& name : archive_.names()) {
      try {
        add(npy_info(name, archive_.header(name)));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kInput) throw;
        add({name, ArrayKind::kDamaged, error.message(), {}});
      }
    }
    sort_by_name();
  }
  at::Tensor read(const ArrayInfo& array) const override {
    return widened(archive_.read(array.name));
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    return widened(archive_.read_rows(array.name, begin, end));
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    return array.kind == ArrayKind::kText ? archive_.read_texts(array.name)
                                          : decimal_ids(archive_.read(array.name));
  }

 private:
  mutable NpzArchive archive_;  ///< Remembers how far it has read.
};

}  // namespace

std::unique_ptr<ArraySource> open_npy_arrays(const std::string& path) {
  return std::make_unique<NpyArrays>(path);
}

std::unique_ptr<ArraySource> open_npz_arrays(const std::string& path) {
  return std::make_unique<NpzArrays>(path);
}

}  // namespace physprobe

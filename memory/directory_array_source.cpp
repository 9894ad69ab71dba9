#include "physprobe/core/error.h"
#include "physprobe/memory/array_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

namespace physprobe {

namespace {

namespace fs = std::filesystem;

bool is_array_file(const std::string& extension) {
  return extension == ".safetensors" || extension == ".npy" || extension == ".npz" ||
         extension == ".h5" || extension == ".hdf5";
}

/// One file is open at a time.
class DirectoryArrays final : public ArraySource {
 public:
  explicit DirectoryArrays(const std::string& directory) : directory_(directory) {
    std::error_code failure;
    for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      if (is_array_file(entry->path().extension().string())) {
        files_.push_back(entry->path().filename().string());
      }
    }
    if (failure) {
      throw Error(ErrorKind::kInput, directory, "cannot be listed: " + failure.message());
    }
    if (files_.empty()) {
      throw Error(ErrorKind::kInput, directory,
                  std::string("holds no arrays; expected files ") + kAcceptedArrays);
    }
    std::sort(files_.begin(), files_.end());
    leave_out_ids_beside_arrays();
    for (std::size_t file = 0; file < files_.size(); ++file) describe(file);
  }
  at::Tensor read(const ArrayInfo& array) const override {
    const ArraySource& file = source(members_[array.index].file);
    return file.read(inner(file, array));
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    const ArraySource& file = source(members_[array.index].file);
    return file.read_rows(inner(file, array), begin, end);
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    const ArraySource& file = source(members_[array.index].file);
    return file.read_ids(inner(file, array));
  }

 private:
  struct Member {
    std::size_t file;
    std::size_t index;  ///< In that file's own list.
  };

  /// "x.ids.npy" beside "x.npy" is read together with it.
  void leave_out_ids_beside_arrays() {
    const std::string suffix = ".ids.npy";
    const std::vector<std::string> all = files_;
    const auto is_beside = [&](const std::string& file) {
      if (file.size() <= suffix.size() ||
          file.compare(file.size() - suffix.size(), suffix.size(), suffix) != 0) {
        return false;
      }
      const std::string owner = file.substr(0, file.size() - suffix.size()) + ".npy";
      return std::binary_search(all.begin(), all.end(), owner);
    };
    files_.erase(std::remove_if(files_.begin(), files_.end(), is_beside), files_.end());
  }

  void describe(std::size_t file) {
    const fs::path name(files_[file]);
    const std::string stem = name.stem().string();
    const bool is_npy = name.extension() == ".npy";
    try {
      for (ArrayInfo array : source(file).arrays()) {
        members_.push_back({file, array.index});
        if (!is_npy) array.name = stem + "/" + array.name;
        add(std::move(array));
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput && error.kind() != ErrorKind::kIncompatible) throw;
      members_.push_back({file, 0});
      add({stem, ArrayKind::kDamaged, error.what(), {}});
    }
  }

  const ArraySource& source(std::size_t file) const {
    if (!opened_ || opened_file_ != file) {
      opened_.reset();
      opened_ = open_array_source((fs::path(directory_) / files_[file]).string());
      opened_file_ = file;
    }
    return *opened_;
  }

  /// The array under its file's own name. Throws Error(kInput) if the file was replaced meanwhile.
  const ArrayInfo& inner(const ArraySource& file, const ArrayInfo& array) const {
    const std::size_t index = members_[array.index].index;
    if (index >= file.arrays().size() || file.arrays()[index].shape != array.shape) {
      throw Error(ErrorKind::kInput, array.name, "was changed while it was being read");
    }
    return file.arrays()[index];
  }

  std::string directory_;
  std::vector<std::string> files_;
  std::vector<Member> members_;  ///< As arrays().
  mutable std::unique_ptr<ArraySource> opened_;
  mutable std::size_t opened_file_ = 0;
};

}  // namespace

std::unique_ptr<ArraySource> open_directory_arrays(const std::string& path) {
  return std::make_unique<DirectoryArrays>(path);
}

}  // namespace physprobe

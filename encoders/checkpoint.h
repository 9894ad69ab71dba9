#pragma once
// Trained weights on disk, before any meaning is given to them: one safetensors file or file of
// torch.save, a set of shards named by an index, or a folder that holds either, with the
// config.json that Hugging Face puts beside them. Internal.

#include "physprobe/core/safetensors.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// A file of tensors of either kind, opened.
struct TensorFile {
  std::string path;
  std::string format;                ///< "safetensors" or "torch.save".
  std::vector<TensorEntry> entries;  ///< Sorted by name.
  std::map<std::string, std::string> metadata;
  std::vector<std::string> passed_over;  ///< Python types in it that were not looked at.
  std::function<at::Tensor(const std::string& name)> read;
};

/// Opens by content, whatever the name. Throws Error(kInput) or Error(kIncompatible).
TensorFile open_tensor_file(const std::string& path);

class Checkpoint {
 public:
  /// `path`: "x.safetensors", "x.pth" (or .pt, .bin, .ckpt, .pth.tar), "x.safetensors.index.json",
  /// or a folder with model.safetensors, model.safetensors.index.json, pytorch_model.bin or exactly
  /// one weights file; or a name that weights_lookup.h finds ("facebook/dinov2-small"). Throws
  /// Error(kInput) for a missing or malformed file, for another format, and, listing all of them,
  /// for tensors that the index names but the shards lack or hold unnamed.
  static Checkpoint open(const std::string& path);
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  const std::string& path() const { return path_; }
  /// Tensor names, sorted.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(const std::string& name) const;
  /// Shape of a tensor that is there.
  const std::vector<int64_t>& shape(const std::string& name) const;
  /// The tensor as contiguous float32. Throws Error(kIncompatible) unless it is F32, F16, BF16 or
  /// F64.
  at::Tensor read_float(const std::string& name) const;
  /// The files behind it: one, or the shards in order of name.
  const std::vector<TensorFile>& files() const { return files_; }
  /// The tensor in its own dtype.
  at::Tensor read(const std::string& name) const;
  /// Metadata of a single file; of shards, the first one's.
  const std::map<std::string, std::string>& metadata() const;
  /// Text of the config.json beside the weights, "" if there is none.
  const std::string& config_text() const { return config_text_; }
  /// SHA-256 of the file's bytes, as `sha256sum` prints it; of shards, that of the lines "<name>
  /// <digest>\n" in order of name.
  std::string digest() const;

 private:
  struct Location {
    std::size_t file = 0;
    std::vector<int64_t> shape;
  };
  explicit Checkpoint(std::string path);
  void add_file(const std::string& path);
  void add_shards(const std::string& index_path);

  std::string path_;
  std::vector<TensorFile> files_;
  std::map<std::string, Location> tensors_;
  std::vector<std::string> names_;
  std::string config_text_;
};

}  // namespace physprobe

#pragma once
// Trained weights on disk, before any meaning is given to them: one safetensors file, a set of
// shards named by an index, or a folder that holds either, with the config.json that Hugging Face
// puts beside them. Internal.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

class SafetensorsFile;

class Checkpoint {
 public:
  /// `path`: "x.safetensors", "x.safetensors.index.json", or a folder with model.safetensors, with
  /// model.safetensors.index.json, or with exactly one .safetensors file. Throws Error(kInput) for
  /// a missing or malformed file, for another format, and, listing all of them, for tensors that
  /// the index names but the shards lack or hold unnamed.
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
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, Location> tensors_;
  std::vector<std::string> names_;
  std::string config_text_;
};

}  // namespace physprobe

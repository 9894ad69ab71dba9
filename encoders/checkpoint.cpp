#include "physprobe/encoders/checkpoint.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/core/sharded_safetensors.h"
#include "physprobe/core/text_affix.h"
#include "physprobe/core/torch_file.h"
#include "physprobe/encoders/weights_lookup.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

namespace physprobe {
namespace {

namespace fs = std::filesystem;

const char* const kFormats =
    "expected a .safetensors file, a .pth, .pt, .bin or .pth.tar of torch.save, a "
    ".safetensors.index.json, or a folder with one of them";

bool is_weights_name(const std::string& name) {
  for (const char* end : {".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".pth.tar"}) {
    if (ends_with(name, end)) return true;
  }
  return false;
}

/// The weights file or index that a path or name means.
fs::path weights_file(const std::string& given) {
  const std::string path = find_weights(given);
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (!fs::is_directory(status)) return path;
  for (const char* name :
       {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"}) {
    if (fs::is_regular_file(fs::path(path) / name)) return fs::path(path) / name;
  }
  std::vector<fs::path> found;
  fs::directory_iterator entries(path, failure);
  if (failure) throw Error(ErrorKind::kInput, path, "cannot be listed: " + failure.message());
  for (const fs::directory_entry& entry : entries) {
    if (is_weights_name(entry.path().filename().string())) found.push_back(entry.path());
  }
  if (found.size() != 1) {
    throw Error(ErrorKind::kInput, path,
                "holds " + std::to_string(found.size()) +
                    " weights files and neither model.safetensors nor its index; name the file");
  }
  return found.front();
}

TensorFile open_safetensors(const std::string& path) {
  const auto file = std::make_shared<SafetensorsFile>(SafetensorsFile::open(path));
  return {
      path, "safetensors", file->entries(), file->metadata(), {}, [file](const std::string& name) {
        return file->read(name);
      }};
}

TensorFile open_torch(const std::string& path) {
  const auto file = std::make_shared<TorchFile>(TorchFile::open(path));
  return {path, "torch.save",        file->entries(),
          {},   file->passed_over(), [file](const std::string& name) { return file->read(name); }};
}

}  // namespace

TensorFile open_tensor_file(const std::string& path) {
  if (ends_with(path, ".safetensors")) return open_safetensors(path);
  if (TorchFile::looks_like_one(path)) return open_torch(path);
  throw Error(ErrorKind::kInput, path, std::string("is in a format that is not read; ") + kFormats);
}

Checkpoint::Checkpoint(std::string path) : path_(std::move(path)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Checkpoint Checkpoint::open(const std::string& path) {
  const fs::path file = weights_file(path);
  Checkpoint checkpoint(file.string());
  if (ends_with(file.string(), ".index.json")) {
    checkpoint.add_shards(file.string());
  } else {
    checkpoint.add_file(file.string());
  }
  for (const auto& [name, location] : checkpoint.tensors_) checkpoint.names_.push_back(name);
  const fs::path config = file.parent_path() / "config.json";
  if (fs::is_regular_file(config)) checkpoint.config_text_ = read_file(config.string());
  return checkpoint;
}

void Checkpoint::add_file(const std::string& path) {
  files_.push_back(open_tensor_file(path));
  for (const TensorEntry& entry : files_.back().entries) {
    if (!tensors_.emplace(entry.name, Location{files_.size() - 1, entry.shape}).second) {
      throw Error(ErrorKind::kInput, path, "holds '" + entry.name + "', as does another shard");
    }
  }
}

void Checkpoint::add_shards(const std::string& index_path) {
  const std::map<std::string, std::string> shard_of = read_safetensors_index(index_path);
  if (shard_of.empty()) throw Error(ErrorKind::kInput, index_path, "names no tensor");
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : shard_of) shards.insert(shard);
  for (const std::string& shard : shards) add_file(shard);
  std::string problems;
  for (const auto& [tensor, shard] : shard_of) {
    const auto found = tensors_.find(tensor);
    if (found == tensors_.end() || files_[found->second.file].path != shard) {
      problems += "\n  '" + tensor + "' is not in " + shard;
    }
  }
  for (const auto& [tensor, location] : tensors_) {
    if (shard_of.count(tensor) == 0) {
      problems += "\n  '" + tensor + "' in " + files_[location.file].path + " is not in the index";
    }
  }
  if (!problems.empty()) {
    throw Error(ErrorKind::kInput, index_path, "does not agree with its shards:" + problems);
  }
}

bool Checkpoint::contains(const std::string& name) const {
  return tensors_.count(name) != 0;
}

const std::vector<int64_t>& Checkpoint::shape(const std::string& name) const {
  return tensors_.at(name).shape;
}

at::Tensor Checkpoint::read(const std::string& name) const {
  return files_[tensors_.at(name).file].read(name);
}

at::Tensor Checkpoint::read_float(const std::string& name) const {
  const at::Tensor tensor = read(name);
  switch (tensor.scalar_type()) {
    case at::kFloat:
    case at::kHalf:
    case at::kBFloat16:
    case at::kDouble:
      return tensor.to(at::kFloat).contiguous();
    default:
      throw Error(ErrorKind::kIncompatible, path_,
                  "'" + name + "' holds " + c10::toString(tensor.scalar_type()) +
                      " values; expected F32, F16, BF16 or F64");
  }
}

const std::map<std::string, std::string>& Checkpoint::metadata() const {
  return files_.front().metadata;
}

std::string Checkpoint::digest() const {
  if (files_.size() == 1 && !ends_with(path_, ".index.json")) return sha256_file(path_);
  Sha256 digest;
  for (const TensorFile& file : files_) {
    digest.update(fs::path(file.path).filename().string() + " " + sha256_file(file.path) + "\n");
  }
  return digest.hex();
}

}  // namespace physprobe

#pragma once
// Tensors saved by torch.save (.pth, .pt, .bin, .pth.tar): a pickle in a ZIP archive, or, before
// torch 1.6, a row of pickles with the raw numbers behind them. Nothing in the file is executed:
// the pickle is read as data (pickle.h), tensors and their storages are recognised by name, and
// everything else is passed over.

#include "physprobe/core/safetensors.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace physprobe {

class TorchFile {
 public:
  /// Whether a file begins as one (a ZIP archive or a pickle). Throws Error(kInput) if it cannot be
  /// read.
  static bool looks_like_one(const std::string& path);

  /// Throws Error(kInput) naming the file and the defect: damaged archive or pickle, a tensor that
  /// reaches beyond its storage or has more elements than it, a storage of another size than
  /// claimed; Error(kIncompatible) for programs (TorchScript, whole pickled modules) and big-endian
  /// files.
  static TorchFile open(const std::string& path);
  TorchFile(TorchFile&&) noexcept;
  TorchFile& operator=(TorchFile&&) noexcept;
  ~TorchFile();

  const std::string& path() const;
  /// Sorted by name. Names of nested dictionaries and lists are joined by dots
  /// ("encoder.module.pos_embed"); `begin` and `end` are 0.
  const std::vector<TensorEntry>& entries() const;
  /// Python types and functions the file names and that were passed over, sorted, each once.
  const std::vector<std::string>& passed_over() const;
  /// The tensor, contiguous, in its own dtype. Throws Error(kInput) for damaged data.
  at::Tensor read(const std::string& name) const;

 private:
  struct Impl;
  explicit TorchFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace physprobe

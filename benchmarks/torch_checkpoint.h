#pragma once
// A file as torch.save writes it, made without PyTorch: what reading one costs is measured on it.

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace physprobe {

/// A state dict of float32 tensors in torch.save's ZIP form, each with a storage of its own. For
/// less than 4 GB. Throws Error(kResource) when it cannot be written.
void write_torch_checkpoint(const std::string& path,
                            const std::map<std::string, at::Tensor>& tensors);

}  // namespace physprobe

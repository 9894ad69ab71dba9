#pragma once
// The device that an option names. Internal.

#include <ATen/core/Tensor.h>

#include <string>

namespace physprobe {

/// "cpu", "cuda", "cuda:1". Throws Error(kUsage) with `subject` for another name, or one that this
/// LibTorch or this machine lacks.
at::Device compute_device(const std::string& name, const std::string& subject);

}  // namespace physprobe

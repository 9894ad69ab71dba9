#pragma once
// The references' resized and normalised pictures.

#include "physprobe/core/safetensors.h"

#include "support/golden.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace physprobe::testing {

inline const std::map<std::string, at::Tensor>& preprocess_golden() {
  static const std::map<std::string, at::Tensor> tensors =
      read_safetensors(golden_path("encoders/preprocess.safetensors"));
  return tensors;
}

}  // namespace physprobe::testing

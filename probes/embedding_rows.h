#pragma once
// How arrays from any framework become rows that the probes read: CPU, contiguous, float32 or
// float64. Internal to probes/.

#include <ATen/core/Tensor.h>

#include <string>

namespace physprobe {

/// `values` on the CPU, contiguous; float32 (also from float16 and bfloat16, exactly) or float64.
/// Throws Error(kInput) naming `subject` for any other type.
at::Tensor embedding_values(const at::Tensor& values, const std::string& subject);

/// The same for (T, D), D > 0 unless T is 0; throws Error(kInput) for another shape.
at::Tensor embedding_rows(const at::Tensor& trajectory, const std::string& subject);

/// Rows as float64. Throws Error(kInput) naming the frame of a non-finite value.
at::Tensor finite_double_rows(const at::Tensor& trajectory, const std::string& subject);

}  // namespace physprobe

#pragma once
// Trajectories and error checks that several tests of the probes share.

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace physprobe::testing {

/// (T, D) float32 of independent normal numbers.
inline at::Tensor normal_rows(int64_t n_frames, int64_t size, uint64_t seed) {
  Rng rng(seed);
  at::Tensor rows = at::empty({n_frames, size}, at::kFloat);
  float* values = rows.data_ptr<float>();
  for (int64_t i = 0; i < rows.numel(); ++i) values[i] = static_cast<float>(rng.normal());
  return rows;
}

inline std::vector<double> to_doubles(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

/// Runs `body`, expects an Error of `kind` whose text contains `part`.
inline void expect_error(ErrorKind kind,
                         const std::string& part,
                         const std::function<void()>& body) {
  try {
    body();
    ADD_FAILURE() << "no error was thrown, expected one with '" << part << "'";
  } catch (const Error& error) {
    EXPECT_EQ(kind_name(error.kind()), std::string(kind_name(kind))) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace physprobe::testing

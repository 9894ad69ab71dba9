#pragma once
// Comparison of tensors with failure messages that say where and by how much.

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <sstream>

namespace physprobe::testing {

/// |actual - expected| <= atol + rtol |expected| element by element, in double; shapes must agree.
/// NaN equals NaN only.
inline ::testing::AssertionResult tensor_near(const at::Tensor& actual,
                                              const at::Tensor& expected,
                                              double atol,
                                              double rtol = 0.0) {
  if (actual.sizes() != expected.sizes()) {
    std::ostringstream text;
    text << "shape " << actual.sizes() << ", expected " << expected.sizes();
    return ::testing::AssertionFailure() << text.str();
  }
  const at::Tensor a = actual.to(at::kDouble).contiguous().reshape({-1});
  const at::Tensor e = expected.to(at::kDouble).contiguous().reshape({-1});
  const double* pa = a.data_ptr<double>();
  const double* pe = e.data_ptr<double>();
  double worst_excess = 0.0;
  int64_t worst = -1;
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (pa[i] != pa[i] && pe[i] != pe[i]) continue;
    const double excess = std::abs(pa[i] - pe[i]) - (atol + rtol * std::abs(pe[i]));
    if (!(excess <= 0.0) && (worst < 0 || !(excess <= worst_excess))) {
      worst_excess = excess;
      worst = i;
    }
  }
  if (worst < 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "element " << worst << " is " << pa[worst] << ", expected " << pe[worst]
         << " (difference " << pa[worst] - pe[worst] << ", atol " << atol << ", rtol " << rtol
         << ")";
}

}  // namespace physprobe::testing

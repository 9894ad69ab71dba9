#include "physprobe/probes/embedding_rows.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>

#include <cmath>
#include <sstream>

namespace physprobe {

at::Tensor embedding_values(const at::Tensor& values, const std::string& subject) {
  if (!values.defined()) {
    throw Error(ErrorKind::kInput, subject, "no tensor was given, expected embeddings");
  }
  switch (values.scalar_type()) {
    case at::kFloat:
    case at::kDouble:
      return values.detach().to(at::kCPU).contiguous();
    case at::kHalf:
    case at::kBFloat16:
      return values.detach().to(at::kCPU, at::kFloat).contiguous();
    default:
      throw Error(ErrorKind::kInput, subject,
                  std::string("embeddings are ") + c10::toString(values.scalar_type()) +
                      ", expected float32, float64, float16 or bfloat16");
  }
}

at::Tensor embedding_rows(const at::Tensor& trajectory, const std::string& subject) {
  at::Tensor rows = embedding_values(trajectory, subject);
  if (rows.dim() != 2 || (rows.size(0) > 0 && rows.size(1) == 0)) {
    std::ostringstream shape;
    shape << rows.sizes();
    throw Error(ErrorKind::kInput, subject,
                "shape is " + shape.str() +
                    ", expected (T, D) with D > 0; flatten or pool each frame to one vector");
  }
  return rows;
}

at::Tensor finite_double_rows(const at::Tensor& trajectory, const std::string& subject) {
  at::Tensor rows = embedding_rows(trajectory, subject).to(at::kDouble);
  const double* values = rows.data_ptr<double>();
  for (int64_t i = 0; i < rows.numel(); ++i) {
    if (!std::isfinite(values[i])) {
      throw Error(ErrorKind::kInput, subject,
                  "frame " + std::to_string(i / rows.size(1)) + " value " +
                      std::to_string(i % rows.size(1)) + " is " +
                      (std::isnan(values[i]) ? "NaN" : "infinite") + ", expected finite numbers");
    }
  }
  return rows;
}

}  // namespace physprobe

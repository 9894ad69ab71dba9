#include "physprobe/probes/cross_fade.h"

#include "physprobe/core/error.h"
#include "physprobe/probes/embedding_rows.h"

#include <ATen/ATen.h>

#include <sstream>
#include <string>

namespace physprobe {

at::Tensor cross_fade_frame(const at::Tensor& first,
                            const at::Tensor& last,
                            int64_t index,
                            int64_t count) {
  if (count < 2 || index < 0 || index >= count) {
    throw Error(ErrorKind::kUsage, "cross-fade",
                "frame " + std::to_string(index) + " of " + std::to_string(count) +
                    ", expected at least 2 frames and an index from 0 to count - 1");
  }
  const at::Tensor from = embedding_values(first, "first frame").to(at::kFloat);
  const at::Tensor to = embedding_values(last, "last frame").to(at::kFloat);
  if (from.sizes() != to.sizes()) {
    std::ostringstream shapes;
    shapes << "the first frame has shape " << from.sizes() << ", the last " << to.sizes()
           << "; expected the same preprocessing for both";
    throw Error(ErrorKind::kInput, "cross-fade", shapes.str());
  }
  at::Tensor faded = at::empty_like(from);
  // One rounding of t; 1 - t is rounded again, as float32 array code does it.
  const float t = static_cast<float>(static_cast<double>(index) / static_cast<double>(count - 1));
  const float rest = 1.0F - t;
  const float* a = from.data_ptr<float>();
  const float* b = to.data_ptr<float>();
  float* out = faded.data_ptr<float>();
  for (int64_t i = 0; i < faded.numel(); ++i) out[i] = rest * a[i] + t * b[i];
  return faded;
}

}  // namespace physprobe

#pragma once
// Stage 1 of the `v1` model: centre-surround filtering followed by luminance and contrast gain
// control (Berardino et al. 2017 with the parameters of Henaff et al. 2019; v1_encoder.md section
// 2). Internal.

#include <cstdint>
#include <vector>

namespace physprobe {

/// One-dimensional factors (31 taps, offsets -15..15) of the model's separable kernels, in double.
struct RetinaKernels {
  std::vector<double> centre;  ///< k_cs(i,j) = centre_i centre_j - surround_i surround_j, unit sum.
  std::vector<double> surround;
  std::vector<double> mean;      ///< k_lum, not renormalised on the grid.
  std::vector<double> contrast;  ///< k_con, unit sum.
};
const RetinaKernels& retina_kernels();

/// Every stage's image, (height, width) row-major.
struct RetinaStages {
  std::vector<float> centre_surround;       ///< y
  std::vector<float> local_mean;            ///< l
  std::vector<float> luminance_normalised;  ///< y1 = y / (1 + a_lum l)
  std::vector<float> local_contrast;        ///< c = sqrt(k_con * y1^2 + 1e-6)
  std::vector<float> contrast_normalised;   ///< y2 = y1 / (1 + a_con c)
};

/// Response to `pixel` (height, width) with values in 0..1, written to `output` (same shape):
/// softplus of the last stage. Borders are replicated before each filter. Any size from 1x1.
RetinaStages retina_response(const float* pixel, int64_t height, int64_t width, float* output);

}  // namespace physprobe

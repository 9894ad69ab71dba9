#pragma once
// Frequency responses of the complex steerable pyramid of Henaff et al. (2019), and their tables
// per image size. Radii are in radians per pixel of the level's own grid, angles in radians with
// the image's row direction flipped (v1_encoder.md section 3). Internal.

#include <cstdint>
#include <memory>
#include <vector>

namespace physprobe {

/// L(r): 2 up to pi/4, 2 cos((pi/2) log2(4r/pi)) up to pi/2, 0 above.
double pyramid_lowpass(double radius);

/// H(r): 0 up to pi/4, cos((pi/2) log2(2r/pi)) up to pi/2, 1 above. (L/2)^2 + H^2 = 1.
double pyramid_highpass(double radius);

/// G_k(t) = a_K |cos(t - pi k / K)|^(K-1) with the constant that makes sum_k G_k^2 = 1.
double orientation_gain(double angle, int64_t orientation, int64_t orientation_count);

/// S_k(t): the sign of the Hilbert pair for angles in [-pi/2, pi/2]: +1 within pi/2 of pi k / K, 0
/// at it, -1 beyond.
int hilbert_sign(double angle, int64_t orientation, int64_t orientation_count);

/// Filters on the full frequency plane, bins in the FFT's order, row-major.
struct PyramidFilters {
  struct Level {
    int64_t height = 0;
    int64_t width = 0;
    std::vector<float>
        analytic;  ///< (K, height, width): H G_k (1 + S_k); its inverse transform is even + i odd.
    std::vector<float>
        lowpass;  ///< (height, width): L / 4, applied before the crop to half the size.
  };
  int64_t height = 0;
  int64_t width = 0;
  int64_t orientations = 0;
  std::vector<float> highpass;  ///< H0 = H(r/2).
  std::vector<float> lowpass;   ///< L0 = L(r/2)/2.
  std::vector<Level> levels;    ///< Finest first.
};

/// The tables for one image size, built once and shared (the last few sizes are kept; thread-safe).
/// `height` and `width` must be divisible by 2^scales: Error(kUsage) otherwise.
std::shared_ptr<const PyramidFilters> pyramid_filters(int64_t height,
                                                      int64_t width,
                                                      int64_t scales,
                                                      int64_t orientations);

}  // namespace physprobe
